using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>Which messages are to be erased: some of a room, or all that a sender has sent until now.</summary>
public sealed class MessagesToErase
{
    private MessagesToErase(string? room, IReadOnlyList<long> ids, string? sender) => (Room, Ids, Sender) = (room, ids, sender);

    /// <summary>The room; null = those of the sender in all rooms.</summary>
    public string? Room { get; }

    /// <summary>The ids of the messages, from the smallest, each once; empty = those of the sender.</summary>
    public IReadOnlyList<long> Ids { get; }

    /// <summary>The sender; null = the messages with these ids.</summary>
    public string? Sender { get; }

    /// <summary>Messages of a room.</summary>
    /// <param name="room">The room.</param>
    /// <param name="ids">Their ids, at least one.</param>
    /// <exception cref="ArgumentException">The name of the room is not valid, or there is no id.</exception>
    public static MessagesToErase WithIds(string room, IEnumerable<long> ids)
    {
        EnsureRoom(room);
        var sorted = ids.Distinct().Order().ToArray();
        return sorted.Length > 0
            ? new MessagesToErase(room, sorted, sender: null)
            : throw new ArgumentException("no message is named; give at least one id", nameof(ids));
    }

    /// <summary>All messages of a sender.</summary>
    /// <param name="sender">The sender's name, as its messages carry it.</param>
    /// <param name="room">The room; null = all rooms.</param>
    /// <exception cref="ArgumentException">The name of the sender or of the room is not valid.</exception>
    public static MessagesToErase OfSender(string sender, string? room = null)
    {
        if (room is not null)
        {
            EnsureRoom(room);
        }

        return Names.IsSender(sender)
            ? new MessagesToErase(room, [], sender)
            : throw new ArgumentException($"'{Names.Truncate(sender)}' cannot be the name of a sender", nameof(sender));
    }

    private static void EnsureRoom(string room)
    {
        if (!Names.IsRoom(room))
        {
            throw new ArgumentException($"'{Names.Truncate(room)}' is not a valid room name; use {Names.RoomForm}", nameof(room));
        }
    }
}
