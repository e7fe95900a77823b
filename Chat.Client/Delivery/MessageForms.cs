using Google.Protobuf.WellKnownTypes;
using GrpcChat.Client.State;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>Converts the contract's types to the library's.</summary>
internal static class MessageForms
{
    /// <summary>A service may ask to wait for longer than any timer accepts.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    public static ChatMessage ToChatMessage(this Message message, string logId) => new(
        message.Room,
        message.Id,
        message.Sender,
        message.Text,
        message.SentAt.ToTime(),
        message.ClientOffset,
        message.Erased,
        logId);

    /// <summary>The default time if there is none or it is out of range.</summary>
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

    /// <summary>Null if there is none, or if it is negative or out of range.</summary>
    public static TimeSpan? ToSpan(this Duration? duration) =>
        duration is { Seconds: >= 0 and <= Duration.MaxSeconds, Nanos: >= 0 and < Duration.NanosecondsPerSecond }
            ? duration.ToTimeSpan()
            : null;

    // The numbers are the contract's, including those that this version does not know.
    public static RefusalReason ToRefusalReason(this Reason reason) => (RefusalReason)reason;

    public static MessageRefused ToRefused(this OutboxEntry entry, StoredRefusal refusal) =>
        new(entry.Room, entry.ClientOffset, entry.Text, refusal.Reason, refusal.Description)
        {
            Taken = new RefusalTaken(entry.Sequence, entry.Bytes),
        };
}
