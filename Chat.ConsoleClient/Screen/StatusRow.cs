using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Composes the status line: the connection, the node if there are several, the rooms with their unread messages, and on the right what the next key
/// does where that is not obvious, the number of unsent messages, and of new ones below the screen.
/// </summary>
internal static class StatusRow
{
    private const int MaxRoomName = 20;

    public static Cell[] Compose(ScreenModel model, Palette palette)
    {
        var row = new RowWriter(model.Columns, palette.Status);
        var right = string.Join(" · ", DescribeCounts(model));
        var (sign, word, style) = model.Connection.State switch
        {
            ConnectionState.Connected => ("●", "connected", palette.StatusGood),
            ConnectionState.Connecting => ("○", "connecting…", palette.StatusBad),
            ConnectionState.Waiting => ("○", "no connection", palette.StatusBad),
            ConnectionState.Halted => ("■", "stopped", palette.StatusBad),
            _ => ("■", "closed", palette.StatusBad),
        };
        row.Write($" {sign} {word} ", style);
        if (model.Connection.Node is { } node)
        {
            var place = node[(node.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/');
            row.WriteUntrusted(place, palette.StatusFaint, model.Columns / 3).Write(" ", style);
        }

        var start = model.Columns - right.Length - 1;
        WriteRooms(row, model, palette, end: start - 1);
        if (start >= row.Column)
        {
            row.MoveTo(start).Write(right, palette.StatusStrong);
        }

        return row.Row;
    }

    /// <summary>Composes a row for the problem with the connection; null if there is none.</summary>
    public static Cell[]? ComposeProblem(ScreenModel model, Palette palette)
    {
        if (model.Connection.Problem is not { } problem)
        {
            return null;
        }

        var row = new RowWriter(model.Columns).Write(" ! ", palette.Problem);
        return row.WriteUntrusted(ErrorMessages.Describe(problem), palette.Problem, row.Left - 1).Row;
    }

    private static IEnumerable<string> DescribeCounts(ScreenModel model)
    {
        if (model.Hint.Length > 0)
        {
            yield return model.Hint;
        }

        if (DescribeLines(model.Input.Text) is { Length: > 0 } lines)
        {
            yield return lines;
        }

        if (model.Unanswered > 0)
        {
            yield return $"{model.Unanswered} unsent";
        }

        if (model.Current.Timeline.Anchor is null)
        {
            yield break;
        }

        yield return model.Current.Unread > 0 ? $"↓ {model.Current.Unread} new" : "↓ Esc";
    }

    // What Enter will do with several lines, of which a long paste shows only a few.
    private static string DescribeLines(string input)
    {
        if (!input.Contains('\n'))
        {
            return "";
        }

        var all = input.EndsWith('\n') ? input[..^1].Split('\n') : input.Split('\n');
        var blank = all.Count(string.IsNullOrWhiteSpace);
        var lines = all.Length - blank;
        return (lines, blank) switch
        {
            (1, 0) => "",
            (0, 1) => "Enter sends nothing: the line is blank",
            (0, _) => $"Enter sends nothing: {blank} lines are blank",
            _ => $"Enter sends {lines} {(lines == 1 ? "line" : "lines")}"
                + (blank == 0 ? "" : $", not {blank} blank {(blank == 1 ? "one" : "ones")}"),
        };
    }

    // If not all rooms fit, those without unread messages are left out.
    private static void WriteRooms(RowWriter row, ScreenModel model, Palette palette, int end)
    {
        var rooms = model.Rooms.Select((room, index) => (Room: room, Number: index + 1)).ToList();
        rooms.RemoveAll(one => one.Room.Name.Length == 0);
        if (rooms.Sum(one => MeasureWidth(one.Room)) > end - row.Column)
        {
            rooms.RemoveAll(one => one.Room != model.Current && one.Room.Unread == 0);
        }

        foreach (var (room, number) in rooms)
        {
            if (row.Column + MeasureWidth(room) > end)
            {
                row.Write(row.Column + 2 < end ? " …" : "", palette.StatusFaint);
                return;
            }

            var isCurrent = room == model.Current;
            row.Write($"  {number} ", palette.StatusFaint)
                .WriteUntrusted(room.Name, ChooseStyle(room, isCurrent, palette), MaxRoomName);
            if (room.State == RoomState.Joining)
            {
                row.Write("…", palette.StatusFaint);
            }

            if (!isCurrent && room.Unread > 0)
            {
                row.Write($" +{room.Unread}", palette.StatusStrong);
            }
        }
    }

    private static Style ChooseStyle(Room room, bool isCurrent, Palette palette) =>
        isCurrent || room.Unread > 0 ? palette.StatusStrong
        : room.State == RoomState.Left ? palette.StatusFaint
        : palette.Status;

    private static int MeasureWidth(Room room) =>
        11 + Math.Min(MaxRoomName, Clusters.Measure(room.Name));
}
