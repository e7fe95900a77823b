using Google.Protobuf;
using GrpcChat.V1;

namespace GrpcChat.Bench.Hostile;

/// <summary>HTTP/2 frames that cost their sender little, as many as the connection takes.</summary>
/// <param name="Name">What comes in a flood.</param>
/// <param name="Add">Adds one to a connection with one open stream, whose id it gets.</param>
internal sealed record FrameFlood(string Name, Action<RawHttp2, int> Add)
{
    private const int Cancel = 8;
    private const int PerFlush = 100;
    private const byte UnknownFrame = 0x50;

    private static readonly byte[] Send = Framed(new ChatRequest
    {
        Sends = { new Send { Room = "flooded", ClientOffset = "k", Text = "x" } },
    });

    public static IReadOnlyList<FrameFlood> All { get; } =
    [
        new("resets", (raw, _) => raw.AddNumber(RawHttp2.ResetFrame, raw.AddCall("Chat"), Cancel)),
        new("cancelled sends", (raw, _) =>
        {
            var call = raw.AddCall("Chat", RawHttp2.EndHeaders, "room", "-");
            raw.AddData(call, Send);
            raw.AddNumber(RawHttp2.ResetFrame, call, Cancel);
        }),
        new("pings", (raw, _) => raw.Add(RawHttp2.PingFrame, 0, 0, new byte[8])),
        new("settings", (raw, _) => raw.AddSettings(RawHttp2.MaxWindow)),

        // For a stream that has not been opened the web server would end the connection.
        new("window updates", (raw, stream) => raw.AddNumber(RawHttp2.WindowUpdateFrame, stream, 1)) { Window = 1 },
        new("priorities", (raw, stream) => raw.Add(RawHttp2.PriorityFrame, 0, stream, new byte[5])),
        new("empty data", (raw, stream) => raw.Add(RawHttp2.DataFrame, 0, stream, [])),
        new("continuations", (raw, stream) => raw.Add(RawHttp2.ContinuationFrame, 0, stream, [])) { IsInHeaders = true },
        new("unknown frames", (raw, _) => raw.Add(UnknownFrame, 0, 0, [])),
    ];

    /// <summary>The window of a stream at the start.</summary>
    public int Window { get; init; } = RawHttp2.MaxWindow;

    /// <summary>Whether the frames come before the headers of the stream are complete.</summary>
    public bool IsInHeaders { get; init; }

    /// <summary>Sends until the connection is closed.</summary>
    public async Task RunAsync(RawHttp2 raw, CancellationToken stop)
    {
        var stream = raw.AddCall("Chat", IsInHeaders ? (byte)0 : RawHttp2.EndHeaders);
        while (!raw.Closed.IsCompleted && !stop.IsCancellationRequested)
        {
            for (var i = 0; i < PerFlush; i++)
            {
                Add(raw, stream);
            }

            await raw.FlushAsync();
        }
    }

    /// <summary>A message as gRPC sends it.</summary>
    public static byte[] Framed(IMessage message)
    {
        var bytes = message.ToByteArray();
        return [0, 0, 0, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
