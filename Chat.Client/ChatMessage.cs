namespace Chat.Client;

/// <summary>A message of a room.</summary>
/// <param name="Room">The room.</param>
/// <param name="Id">1, 2, 3, … in each room, without holes.</param>
/// <param name="Sender">Who sent it, as the service says.</param>
/// <param name="Text">The text; empty where it was erased.</param>
/// <param name="SentAt">When the service stored it; for people: it may repeat or step back.</param>
/// <param name="Key">The key under which its sender sent it (<c>client_offset</c>).</param>
/// <param name="IsErased">The text was erased; the id stays, so that there is no hole.</param>
/// <param name="LogId">The log that the id belongs to. (log id, room, id) names a message for ever.</param>
public sealed record ChatMessage(
    string Room, long Id, string Sender, string Text, DateTimeOffset SentAt, string Key, bool IsErased, string LogId)
{
    /// <summary>
    /// Grows with every new log, so that a position in an old one is never taken for a later one; -1 = not from a room that is
    /// followed.
    /// </summary>
    internal long Epoch { get; init; } = -1;
}

/// <summary>A message that the service has stored.</summary>
/// <param name="Room">The room.</param>
/// <param name="Key">The key under which it was sent.</param>
/// <param name="Id">Its id in the room.</param>
/// <param name="WasStoredBefore">An earlier attempt had stored it already; <paramref name="Id"/> is that one's.</param>
public sealed record SentMessage(string Room, string Key, long Id, bool WasStoredBefore);

/// <summary>A message that waits for its answer.</summary>
/// <param name="Room">The room.</param>
/// <param name="Key">The key under which it is sent.</param>
/// <param name="Text">The text.</param>
public sealed record WaitingMessage(string Room, string Key, string Text);

/// <summary>A part of a room's history.</summary>
/// <param name="Messages">The messages, oldest first; empty where there are no more in that direction.</param>
/// <param name="LogId">The log that their ids belong to.</param>
/// <param name="OldestId">The oldest id that the service keeps; head + 1 where none is.</param>
/// <param name="HeadId">The newest id of the room; 0 where nobody has written yet.</param>
public sealed record HistoryPage(IReadOnlyList<ChatMessage> Messages, string LogId, long OldestId, long HeadId);

/// <summary>A room in which somebody has written.</summary>
/// <param name="Name">The name.</param>
/// <param name="HeadId">The newest id.</param>
/// <param name="LastMessageAt">When that message was stored.</param>
public sealed record RoomInfo(string Name, long HeadId, DateTimeOffset LastMessageAt);
