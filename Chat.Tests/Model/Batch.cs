namespace GrpcChat.Tests.Model;

/// <summary>The contents of one request.</summary>
/// <param name="Leaves">The rooms to leave.</param>
/// <param name="Joins">The rooms to join.</param>
/// <param name="Sends">The sends.</param>
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
/// <param name="Room">
/// One of the rooms of the sequence, a to e; "" is the first room; anything else is not a valid room.
/// </param>
/// <param name="Offset">The client offset.</param>
/// <param name="Text">The text.</param>
internal sealed record SendAsk(string Room, string Offset, string Text)
{
    public override string ToString() => $"send {Show.Name(Text)} to {Show.Name(Room)} as {Show.Name(Offset)}";
}

/// <summary>A join of a sequence.</summary>
/// <param name="Room">As for a send, without "".</param>
/// <param name="After">
/// "" for everything, "latest", "seen" for this client's position, "ahead" for a position after the head, or a number.
/// </param>
/// <param name="Log">"" for no log id, "right" or "wrong".</param>
/// <param name="Limit">The replay_limit.</param>
internal sealed record JoinAsk(string Room, string After = "", string Log = "", int Limit = 0)
{
    public override string ToString() =>
        $"join {Show.Name(Room)}"
        + (After.Length > 0 ? $" after {After}" : "")
        + (Log.Length > 0 ? $" of the {Log} log" : "")
        + (Limit != 0 ? $" limit {Limit}" : "");
}
