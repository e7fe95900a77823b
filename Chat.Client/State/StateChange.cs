namespace GrpcChat.Client.State;

/// <summary>A change of a <see cref="ClientState"/>: one of the records below.</summary>
public abstract record StateChange
{
    private protected StateChange()
    {
    }
}

/// <summary>A message is added to the outbox.</summary>
/// <param name="Message">The message.</param>
public sealed record MessageAddition(StoredMessage Message) : StateChange;

/// <summary>A message is removed from the outbox.</summary>
/// <param name="Sequence">The sequence of the message.</param>
public sealed record MessageRemoval(long Sequence) : StateChange;

/// <summary>A message of the outbox was refused; it stays until the application knows.</summary>
/// <param name="Sequence">The sequence of the message.</param>
/// <param name="Refusal">Why it was refused.</param>
public sealed record MessageRefusal(long Sequence, StoredRefusal Refusal) : StateChange;

/// <summary>The position in a room is set, whether or not there was one.</summary>
/// <param name="Position">The position.</param>
public sealed record PositionUpdate(StoredPosition Position) : StateChange;

/// <summary>The position in a room is removed.</summary>
/// <param name="Room">The room.</param>
public sealed record PositionRemoval(string Room) : StateChange;

/// <summary>A message of the outbox.</summary>
/// <param name="Sequence">The order in which messages are sent; unique.</param>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The client offset.</param>
/// <param name="Text">The text.</param>
/// <param name="Refusal">Why the service refused it; null if it has not.</param>
public sealed record StoredMessage(
    long Sequence, string Room, string ClientOffset, string Text, StoredRefusal? Refusal = null);

/// <summary>Why the service refused a message.</summary>
/// <param name="Reason">The reason, for code.</param>
/// <param name="Description">The reason, for people.</param>
public sealed record StoredRefusal(RefusalReason Reason, string Description);

/// <summary>The position in a room.</summary>
/// <param name="Room">The room.</param>
/// <param name="LogId">The log that the id belongs to.</param>
/// <param name="Id">The id of the last message that was processed; 0 before the first.</param>
public sealed record StoredPosition(string Room, string LogId, long Id);
