namespace Chat.Tests.Model;

/// <summary>What goes into one request.</summary>
/// <param name="Leaves">Rooms to leave.</param>
/// <param name="Joins">Rooms to join.</param>
/// <param name="Sends">Sends.</param>
internal sealed record Batch(string[] Leaves, JoinAsk[] Joins, SendAsk[] Sends)
{
    public static Batch Empty { get; } = new([], [], []);

    public IEnumerable<string> Rooms => [.. Leaves, .. Joins.Select(join => join.Room), .. Sends.Select(send => send.Room)];

    public static Batch Of(params SendAsk[] sends) => Empty with { Sends = sends };

    public Batch WithRooms(Func<string, string> other) => new(
        [.. Leaves.Select(other)],
        [.. Joins.Select(join => join with { Room = other(join.Room) })],
        [.. Sends.Select(send => send with { Room = other(send.Room) })]);

    public override string ToString()
    {
        var parts = Leaves.Select(room => $"leave {Show.Name(room)}")
            .Concat(Joins.Select(join => join.ToString()))
            .Concat(Sends.Select(send => send.ToString()))
            .ToList();
        return parts.Count > 0 ? string.Join(", ", parts) : "an empty request";
    }
}

/// <summary>A send of a sequence.</summary>
/// <param name="Room">One of the sequence's rooms, a to e; "" is the first room, and what else there is is no room.</param>
/// <param name="Offset">The client_offset.</param>
/// <param name="Text">The text.</param>
internal sealed record SendAsk(string Room, string Offset, string Text)
{
    public override string ToString() => $"send {Show.Name(Text)} to {Show.Name(Room)} as {Show.Name(Offset)}";
}

/// <summary>A join of a sequence.</summary>
/// <param name="Room">As for a send, without "".</param>
/// <param name="After">"" = everything; latest; seen = where this client was; ahead = beyond the head; or a number.</param>
/// <param name="Log">"" = not said; right or wrong.</param>
/// <param name="Limit">The replay_limit.</param>
internal sealed record JoinAsk(string Room, string After = "", string Log = "", int Limit = 0)
{
    public override string ToString() =>
        $"join {Show.Name(Room)}"
        + (After.Length > 0 ? $" after {After}" : "")
        + (Log.Length > 0 ? $" of the {Log} log" : "")
        + (Limit != 0 ? $" limit {Limit}" : "");
}
