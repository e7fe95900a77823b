using Chat.Client;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// Composes the status line: the connection, the rooms with what is unread in them, and on the right what waits to be sent
/// and what came below the screen.
/// </summary>
internal static class StatusRow
{
    private const int MaxRoomName = 20;

    public static Cell[] Of(ScreenModel model, Palette palette)
    {
        var row = new RowWriter(model.Columns, palette.Status);
        var right = string.Join(" · ", Right(model));
        var (sign, word, style) = model.Connection.State switch
        {
            ConnectionState.Connected => ("●", "connected", palette.StatusGood),
            ConnectionState.Connecting => ("○", "connecting…", palette.StatusBad),
            ConnectionState.Waiting => ("○", "no connection", palette.StatusBad),
            ConnectionState.Halted => ("■", "stopped", palette.StatusBad),
            _ => ("■", "closed", palette.StatusBad),
        };
        row.Own($" {sign} {word} ", style);
        var start = model.Columns - right.Length - 1;
        Rooms(row, model, palette, end: start - 1);
        if (start >= row.Column)
        {
            row.MoveTo(start).Own(right, palette.StatusStrong);
        }

        return row.Row;
    }

    /// <summary>What is wrong with the connection, in a row of its own; null while nothing is.</summary>
    public static Cell[]? Problem(ScreenModel model, Palette palette)
    {
        if (model.Connection.Problem is not { } problem)
        {
            return null;
        }

        var row = new RowWriter(model.Columns).Own(" ! ", palette.Problem);
        return row.Foreign(problem.Message, palette.Problem, row.Left - 1).Row;
    }

    private static IEnumerable<string> Right(ScreenModel model)
    {
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

    // Where not all fit, those without anything unread are left out.
    private static void Rooms(RowWriter row, ScreenModel model, Palette palette, int end)
    {
        var rooms = model.Rooms.Select((room, index) => (Room: room, Number: index + 1)).ToList();
        rooms.RemoveAll(one => one.Room.Name.Length == 0);
        if (rooms.Sum(one => Width(one.Room)) > end - row.Column)
        {
            rooms.RemoveAll(one => one.Room != model.Current && one.Room.Unread == 0);
        }

        foreach (var (room, number) in rooms)
        {
            if (row.Column + Width(room) > end)
            {
                row.Own(row.Column + 2 < end ? " …" : "", palette.StatusFaint);
                return;
            }

            var isCurrent = room == model.Current;
            row.Own($"  {number} ", palette.StatusFaint).Foreign(room.Name, Style(room, isCurrent, palette), MaxRoomName);
            if (room.State == RoomState.Joining)
            {
                row.Own("…", palette.StatusFaint);
            }

            if (!isCurrent && room.Unread > 0)
            {
                row.Own($" +{room.Unread}", palette.StatusStrong);
            }
        }
    }

    private static Style Style(Room room, bool isCurrent, Palette palette) =>
        isCurrent || room.Unread > 0 ? palette.StatusStrong
        : room.State == RoomState.Left ? palette.StatusFaint
        : palette.Status;

    private static int Width(Room room) => 11 + Math.Min(MaxRoomName, Clusters.Of(room.Name).Sum(cluster => cluster.Width));
}
