using Chat.Client.Delivery;
using Chat.V1;

namespace Chat.Client;

/// <summary>Something that happened: one of the records below. More kinds may come; skip those that you do not know.</summary>
public abstract record ChatEvent
{
    private protected ChatEvent()
    {
    }

    /// <summary>What the client does once the application has taken this event and asks for the next one.</summary>
    internal EventTaken? Taken { get; init; }
}

/// <summary>A message of a joined room: the next one, after all that were before it.</summary>
/// <param name="Message">The message.</param>
public sealed record MessageReceived(ChatMessage Message) : ChatEvent;

/// <summary>
/// A message from <see cref="ChatClient.EnqueueAsync"/> is stored, and so are all that were enqueued for this room before it
/// and not refused: where the application takes events too slowly, only the last ack of a room is handed to it.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="Key">What <see cref="ChatClient.EnqueueAsync"/> returned.</param>
/// <param name="Id">The message's id in its room.</param>
/// <param name="WasStoredBefore">An earlier attempt had stored it already.</param>
public sealed record MessageAcked(string Room, string Key, long Id, bool WasStoredBefore) : ChatEvent;

/// <summary>
/// A message from <see cref="ChatClient.EnqueueAsync"/> is not stored, and sending it again would not help. With a state
/// file it is kept until the application has taken this event.
/// </summary>
/// <param name="Room">The room.</param>
/// <param name="Key">What <see cref="ChatClient.EnqueueAsync"/> returned.</param>
/// <param name="Text">The text.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">Why, for a person.</param>
public sealed record MessageRefused(string Room, string Key, string Text, Reason Reason, string Detail) : ChatEvent;

/// <summary>A room is joined, for the first time or again after a reconnect. Its messages follow.</summary>
/// <param name="Room">The room.</param>
/// <param name="LogId">The log that its ids belong to.</param>
/// <param name="AfterId">What follow are the messages after this id.</param>
/// <param name="OldestId">The oldest id that is kept; head + 1 where none is.</param>
/// <param name="HeadId">The newest id; 0 in a new room.</param>
public sealed record RoomJoined(string Room, string LogId, long AfterId, long OldestId, long HeadId) : ChatEvent;

/// <summary>Messages of a room are not handed to the application: the service does not keep them any more.</summary>
/// <param name="Room">The room.</param>
/// <param name="LastId">The last id before the gap.</param>
/// <param name="AfterId">What follow are the messages after this id.</param>
public sealed record RoomGap(string Room, long LastId, long AfterId) : ChatEvent;

/// <summary>The service has another log now, or less of it than this client has seen. Ids begin anew.</summary>
/// <param name="Room">The room.</param>
/// <param name="LogId">The log that the ids belong to from here on.</param>
/// <param name="AfterId">What follow are the messages after this id.</param>
public sealed record RoomReset(string Room, string LogId, long AfterId) : ChatEvent;

/// <summary>All that the room had when it was joined has been handed over.</summary>
/// <param name="Room">The room.</param>
/// <param name="Id">The newest id at that moment.</param>
public sealed record RoomCaughtUp(string Room, long Id) : ChatEvent;

/// <summary>The room is not joined any more, and the client does not join it again by itself.</summary>
/// <param name="Room">The room.</param>
/// <param name="Reason">Why the service refused or ended it; unspecified where the application has left.</param>
/// <param name="Detail">Why, for a person.</param>
public sealed record RoomLeft(string Room, Reason Reason, string Detail) : ChatEvent;

/// <summary>The connection has another state, or the same one for another reason.</summary>
/// <param name="State">The state.</param>
/// <param name="Problem">What is wrong; null while nothing is.</param>
public sealed record ConnectionChanged(ConnectionState State, ConnectionProblem? Problem) : ChatEvent;

/// <summary>
/// The state file could not be written. What it was told to keep before, it keeps; answers and positions that were to be
/// noted are noted with the next write that succeeds.
/// </summary>
/// <param name="Detail">What happened and what to do, in a sentence.</param>
public sealed record StateNotWritten(string Detail) : ChatEvent;
