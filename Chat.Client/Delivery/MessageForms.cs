using Chat.V1;
using Google.Protobuf.WellKnownTypes;

namespace Chat.Client.Delivery;

/// <summary>From the contract's types to those of the library.</summary>
internal static class MessageForms
{
    public static ChatMessage ToChatMessage(this Message message, string logId) => new(
        message.Room,
        message.Id,
        message.Sender,
        message.Text,
        message.SentAt.ToTime(),
        message.ClientOffset,
        message.Erased,
        logId);

    /// <summary>The beginning of time where there is none, or what there is says none.</summary>
    public static DateTimeOffset ToTime(this Timestamp? time)
    {
        try
        {
            return time?.ToDateTimeOffset() ?? default;
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>Null where there is none, or what there is says no time, or a negative one.</summary>
    public static TimeSpan? ToSpan(this Duration? duration) =>
        duration is { Seconds: >= 0 and <= Duration.MaxSeconds, Nanos: >= 0 and < Duration.NanosecondsPerSecond }
            ? duration.ToTimeSpan()
            : null;

    // The numbers are those of the contract, also the ones that this version does not know.
    public static RefusalReason ToRefusalReason(this Reason reason) => (RefusalReason)reason;

    public static MessageRefused ToRefused(this OutboxEntry entry) =>
        new(entry.Room, entry.ClientOffset, entry.Text, entry.Refusal!.Value.Reason, entry.Refusal.Value.Description)
        {
            Taken = new RefusalTaken(entry),
        };
}
