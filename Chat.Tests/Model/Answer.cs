using Chat.V1;

namespace Chat.Tests.Model;

/// <summary>What a send must be answered with.</summary>
/// <param name="Room">The room, as the answer says it.</param>
/// <param name="Offset">The client_offset, as the answer says it.</param>
internal sealed record Answer(string Room, string Offset)
{
    /// <summary>Why it must be refused; null = it must be acked.</summary>
    public Reason? Refused { get; init; }

    public long Id { get; init; }

    /// <summary>What the ack must say; null where both are right, because an earlier attempt may have been lost.</summary>
    public bool? Duplicate { get; init; }

    public static Answer Of(Ack ack) => new(ack.Room, ack.ClientOffset) { Id = ack.Id, Duplicate = ack.Duplicate };

    public static Answer Of(Refusal refusal) => new(refusal.Room, refusal.ClientOffset) { Refused = refusal.Reason };

    public bool IsFor(Answer other) => Room == other.Room && Offset == other.Offset;

    public bool Allows(Answer other) =>
        other == this || (Duplicate is null && other == this with { Duplicate = other.Duplicate });

    public override string ToString() => Refused is { } reason
        ? $"a refusal of {Key} because of {reason}"
        : $"an ack of {Key} with id {Id}" + Duplicate switch
        {
            true => ", duplicate",
            false => ", new",
            null => ", new or duplicate",
        };

    private string Key => $"{Show.Name(Room)}/{Show.Name(Offset)}";
}
