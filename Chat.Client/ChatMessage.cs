namespace GrpcChat.Client;

/// <summary>A message of a room.</summary>
/// <param name="Room">The room.</param>
/// <param name="Id">1, 2, 3, … in each room, without holes.</param>
/// <param name="Sender">The sender's name, as the service knows it.</param>
/// <param name="Text">The text; empty if it was erased.</param>
/// <param name="SentAt">When the service stored it. For display only: times may repeat or go backwards.</param>
/// <param name="ClientOffset">The sender's client offset.</param>
/// <param name="IsErased">The text was erased. The id stays, so that there is no hole.</param>
/// <param name="LogId">The log that the id belongs to. (log id, room, id) identifies a message for ever.</param>
public sealed record ChatMessage(
    string Room,
    long Id,
    string Sender,
    string Text,
    DateTimeOffset SentAt,
    string ClientOffset,
    bool IsErased,
    string LogId)
{
    /// <summary>
    /// Grows with each new log, so that a position in an old log never counts as later than one in the new log. -1 if
    /// the message does not come from a joined room.
    /// </summary>
    internal long Epoch { get; init; } = -1;
}

/// <summary>A message that the service has stored.</summary>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The client offset that it was sent with.</param>
/// <param name="Id">Its id in the room.</param>
/// <param name="WasStoredBefore">An earlier attempt had already stored it, with this <paramref name="Id"/>.</param>
public sealed record SentMessage(string Room, string ClientOffset, long Id, bool WasStoredBefore);

/// <summary>A message in the outbox, which the service has not answered yet.</summary>
/// <param name="Room">The room.</param>
/// <param name="ClientOffset">The client offset that it is sent with.</param>
/// <param name="Text">The text.</param>
public sealed record PendingMessage(string Room, string ClientOffset, string Text);

/// <summary>A part of a room's history.</summary>
/// <param name="Messages">The messages, oldest first; empty if there are no more in that direction.</param>
/// <param name="LogId">The log that their ids belong to.</param>
/// <param name="OldestId">The oldest id that the service keeps; <paramref name="HeadId"/> + 1 if it keeps none.</param>
/// <param name="HeadId">The newest id of the room; 0 if it has no messages yet.</param>
public sealed record HistoryPage(IReadOnlyList<ChatMessage> Messages, string LogId, long OldestId, long HeadId);

/// <summary>A room that has messages.</summary>
/// <param name="Name">The name.</param>
/// <param name="HeadId">The newest id.</param>
/// <param name="LastMessageAt">When the newest message was stored.</param>
public sealed record RoomInfo(string Name, long HeadId, DateTimeOffset LastMessageAt);
