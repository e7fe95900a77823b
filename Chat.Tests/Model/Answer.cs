using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>The answer that a send must get.</summary>
/// <param name="Room">The room in the answer.</param>
/// <param name="Offset">The client offset in the answer.</param>
internal sealed record Answer(string Room, string Offset)
{
    /// <summary>The reason of the refusal; null if the send must be acked.</summary>
    public Reason? Refused { get; init; }

    public long Id { get; init; }

    /// <summary>
    /// The flag in the ack; null if both values are right, because an earlier attempt may have been lost.
    /// </summary>
    public bool? Duplicate { get; init; }

    public static Answer Of(Ack ack) => new(ack.Room, ack.ClientOffset) { Id = ack.Id, Duplicate = ack.Duplicate };

    public static Answer Of(Refusal refusal) => new(refusal.Room, refusal.ClientOffset) { Refused = refusal.Reason };

    public bool IsFor(Answer other) => Room == other.Room && Offset == other.Offset;

    public bool Allows(Answer other) =>
        other == this || (Duplicate is null && other == this with { Duplicate = other.Duplicate });

    public override string ToString() => Refused is { } reason
        ? $"a refusal of {Send} because of {reason}"
        : $"an ack of {Send} with id {Id}" + Duplicate switch
        {
            true => ", duplicate",
            false => ", new",
            null => ", new or duplicate",
        };

    private string Send => $"{Show.Name(Room)}/{Show.Name(Offset)}";
}
