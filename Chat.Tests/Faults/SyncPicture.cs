using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Reporting.Pictures;

namespace GrpcChat.Tests.Faults;

/// <summary>A picture of a trace: when messages were written, when they were on disk, and when they left.</summary>
internal static class SyncPicture
{
    private const double Width = 680;
    private const double Height = 220;
    private const double Left = 132;
    private const double Right = Width - 24;
    private const double FirstLane = 62;
    private const double LaneHeight = 40;
    private const double BarHeight = 22;
    private const double Floor = FirstLane + (3 * LaneHeight);

    private static readonly string[] Colors = ["#0969da", "#1a7f37", "#bf3989", "#9a6700"];

    /// <summary>Draws at most four messages, one after the other.</summary>
    /// <param name="messages">Of each, its name and the calls that wrote, synced and sent it.</param>
    public static string Draw(IReadOnlyList<(string Name, SystemCall Write, SystemCall Sync, SystemCall Send)> messages)
    {
        var began = messages[0].Write.BeganAt;
        var axis = Axis.Linear(Milliseconds(messages.Max(message => message.Send.EndedAt)), atMost: 8);
        var drawing = new SvgDrawing(Width, Height);
        drawing.Text(20, 30, "System calls for messages that are sent one after the other", size: 15, color: SvgDrawing.Ink, bold: true);
        string[] lanes = ["written", "on disk (fsync)", "ack and message leave"];
        for (var lane = 0; lane < lanes.Length; lane++)
        {
            drawing.Text(Left - 10, Top(lane) + 15, lanes[lane], "end", 11, SvgDrawing.Ink);
        }

        foreach (var mark in axis.Marks)
        {
            drawing.Line(X(mark), FirstLane - 8, X(mark), Floor, SvgDrawing.Faint);
            drawing.Text(X(mark), Floor + 16, Numbers.Text(mark), "middle", 11);
        }

        drawing.Text((Left + Right) / 2, Floor + 32, "milliseconds", "middle", 11);
        foreach (var (message, color) in messages.Zip(Colors))
        {
            drawing.Text(X(Milliseconds(message.Write.BeganAt)), FirstLane - 14, message.Name.TrimEnd('.'), size: 11, color: color);
            Bar(0, message.Write, color);
            Bar(1, message.Sync, color);
            Bar(2, message.Send, color);
        }

        return drawing.ToString();

        double Milliseconds(decimal at) => (double)((at - began) * 1000);

        double X(double milliseconds) => Left + (axis.ShareOf(milliseconds) * (Right - Left));

        // Most writes take less time than a pixel.
        void Bar(int lane, SystemCall call, string color)
        {
            var x = X(Milliseconds(call.BeganAt));
            drawing.Rectangle(x, Top(lane), Math.Max(2, X(Milliseconds(call.EndedAt)) - x), BarHeight, color);
        }
    }

    private static double Top(int lane) => FirstLane + (lane * LaneHeight);
}
