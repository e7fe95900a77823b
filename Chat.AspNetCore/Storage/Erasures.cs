namespace GrpcChat.AspNetCore.Storage;

/// <summary>Why an erasure is refused, whatever the log keeps its messages in.</summary>
internal static class Erasures
{
    /// <exception cref="LogMaintenanceException">The room does not have one of the messages.</exception>
    public static void EnsureKept(MessagesToErase messages, RoomBounds bounds)
    {
        if (bounds.Head == 0)
        {
            throw UnknownRoom(messages.Room!);
        }

        if (messages.Ids[0] < 1 || messages.Ids[^1] > bounds.Head)
        {
            throw Refuse(
                $"room {messages.Room} has no message {(messages.Ids[0] < 1 ? messages.Ids[0] : messages.Ids[^1])}; "
                + $"its newest is {bounds.Head}");
        }

        if (messages.Ids[0] < bounds.Oldest)
        {
            throw Refuse(
                $"message {messages.Ids[0]} of room {messages.Room} is not kept any more; its oldest is {bounds.Oldest}");
        }
    }

    public static LogMaintenanceException UnknownRoom(string room) => Refuse($"room {room} has never had a message");

    public static LogMaintenanceException UnknownSender(MessagesToErase messages) => Refuse(
        messages.Room is null
            ? $"'{messages.Sender}' has never sent a message"
            : $"'{messages.Sender}' has never sent a message to room {messages.Room}");

    private static LogMaintenanceException Refuse(string why) => new($"nothing was erased: {why}");
}
