using Chat.V1;

namespace Chat.Client.Delivery;

/// <summary>From the contract's types to those of the library.</summary>
internal static class MessageForms
{
    public static ChatMessage ToChatMessage(this Message message, string logId) => new(
        message.Room,
        message.Id,
        message.Sender,
        message.Text,
        message.SentAt?.ToDateTimeOffset() ?? default,
        message.ClientOffset,
        message.Erased,
        logId);

    public static MessageRefused ToRefused(this OutboxEntry entry) =>
        new(entry.Room, entry.Key, entry.Text, entry.Refusal!.Value.Reason, entry.Refusal.Value.Detail)
        {
            Taken = new RefusalTaken(entry),
        };
}
