using GrpcChat.Client.Delivery;

namespace GrpcChat.Client;

/// <summary>
/// Something that happened: one of the records below. Future versions may add kinds; skip those that you do not know.
/// </summary>
public abstract record ChatEvent
{
    private protected ChatEvent()
    {
    }

    /// <summary>What the client does once the application has processed this event and asks for the next one.</summary>
    internal EventTaken? Taken { get; init; }
}

/// <summary>The next message of a joined room.</summary>
/// <param name="Message">The message.</param>
public sealed record MessageReceived(ChatMessage Message) : ChatEvent;

/// <summary>
/// The service has stored a message from <see cref="ChatClient.EnqueueAsync"/>, and with it all messages that were
/// enqueued for this room before it and not refused. If the application reads events too slowly, it gets only the
/// latest ack of a room.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The client offset that <see cref="ChatClient.EnqueueAsync"/> returned.</param>
/// <param name="Id">The message's id in its room.</param>
/// <param name="WasStoredBefore">An earlier attempt had already stored it.</param>
public sealed record MessageAcked(string Room, string ClientOffset, long Id, bool WasStoredBefore) : ChatEvent;

/// <summary>
/// The service does not take a message yet: the sender has created too many rooms in this minute. The client sends it
/// again by itself, and until then no later message of the room. The message keeps its place in the outbox, and
/// whoever waits for its answer goes on waiting.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The message's client offset.</param>
/// <param name="RetryAfter">How long the client waits before it sends the message again.</param>
/// <param name="Reason">The reason, for code.</param>
/// <param name="Description">The reason, for people.</param>
public sealed record MessageDelayed(
    string Room, string ClientOffset, TimeSpan RetryAfter, RefusalReason Reason, string Description) : ChatEvent;

/// <summary>
/// The service has refused a message from <see cref="ChatClient.EnqueueAsync"/>, and would refuse it again. With a
/// state file, the client keeps the message until the application has processed this event.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The client offset that <see cref="ChatClient.EnqueueAsync"/> returned.</param>
/// <param name="Text">The text.</param>
/// <param name="Reason">The reason, for code.</param>
/// <param name="Description">The reason, for people.</param>
public sealed record MessageRefused(
    string Room, string ClientOffset, string Text, RefusalReason Reason, string Description) : ChatEvent;

/// <summary>A room is joined, for the first time or again after a reconnect. Its messages follow.</summary>
/// <param name="Room">The room.</param>
/// <param name="LogId">The log that its ids belong to.</param>
/// <param name="AfterId">The next message is the first one after this id.</param>
/// <param name="OldestId">The oldest id that the service keeps; <paramref name="HeadId"/> + 1 if it keeps none.</param>
/// <param name="HeadId">The newest id; 0 in a new room.</param>
public sealed record RoomJoined(string Room, string LogId, long AfterId, long OldestId, long HeadId) : ChatEvent;

/// <summary>The service no longer keeps some of the messages that the application has not received yet.</summary>
/// <param name="Room">The room.</param>
/// <param name="LastId">The last id before the gap.</param>
/// <param name="AfterId">The next message is the first one after this id.</param>
public sealed record RoomGap(string Room, long LastId, long AfterId) : ChatEvent;

/// <summary>
/// The service has a different log, or a shorter one than this client has seen, for example after a restore. Ids start
/// over.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="LogId">The log that ids belong to from here on.</param>
/// <param name="AfterId">The next message is the first one after this id.</param>
public sealed record RoomReset(string Room, string LogId, long AfterId) : ChatEvent
{
    /// <summary>The log that the application's position belongs to; empty if it joined by an id alone.</summary>
    public string FormerLogId { get; init; } = "";

    /// <summary>The id of that position, which the service's log does not have.</summary>
    public long LastId { get; init; }
}

/// <summary>The application has received everything that the room contained when it was joined.</summary>
/// <param name="Room">The room.</param>
/// <param name="Id">The newest id at that moment.</param>
public sealed record RoomCaughtUp(string Room, long Id) : ChatEvent;

/// <summary>The room is no longer joined, and the client does not rejoin it by itself.</summary>
/// <param name="Room">The room.</param>
/// <param name="Reason">
/// Why the service refused or ended the join; <see cref="RefusalReason.Unspecified"/> if the application left.
/// </param>
/// <param name="Description">The reason, for people; empty if the application left.</param>
public sealed record RoomLeft(string Room, RefusalReason Reason, string Description) : ChatEvent;

/// <summary>The connection has changed its state, or has the same state for a different reason.</summary>
/// <param name="State">The state.</param>
/// <param name="Problem">What is wrong; null if nothing is.</param>
public sealed record ConnectionChanged(ConnectionState State, ConnectionProblem? Problem) : ChatEvent
{
    /// <summary>
    /// The node that the client is connected to, for people: its address and, if the name in it has several IP addresses,
    /// that one. Null without a connection, and if there is only one node.
    /// </summary>
    public string? Node { get; init; }
}

/// <summary>
/// The state file could not be written. It still holds what it held before; the client repeats the answers and
/// positions that are missing with the next write.
/// </summary>
/// <param name="Message">What happened and what to do, for people.</param>
public sealed record StateWriteFailed(string Message) : ChatEvent;
