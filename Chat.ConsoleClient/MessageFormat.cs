using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.Client;
using GrpcChat.V1;

namespace GrpcChat.ConsoleClient;

/// <summary>Formats a message or a room as one line of output.</summary>
internal static class MessageFormat
{
    private const string DateAndTime = "yyyy-MM-dd HH:mm:ss";
    private const string Minutes = "HH:mm";

    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default);

    /// <summary>
    /// Id, local date and time, sender and text, with nothing in them that could control a terminal. The id is the
    /// first word, where a script finds it: it is what <c>--before</c> and <c>--since</c> take.
    /// </summary>
    public static string FormatText(ChatMessage message) => $"{message.Id} {FormatText(message, DateAndTime)}";

    /// <summary>The same for a chat, without id and date.</summary>
    public static string FormatChatText(ChatMessage message) => FormatText(message, Minutes);

    /// <summary>The message of the contract in the JSON form of proto3.</summary>
    public static string FormatJson(ChatMessage message) => Json.Format(new Message
    {
        Room = message.Room,
        Id = message.Id,
        Sender = message.Sender,
        Text = message.Text,
        SentAt = Timestamp.FromDateTimeOffset(message.SentAt),
        ClientOffset = message.ClientOffset,
        Erased = message.IsErased,
    });

    /// <summary>The room of the contract in the JSON form of proto3.</summary>
    public static string FormatJson(RoomInfo room) => Json.Format(new Room
    {
        Name = room.Name,
        HeadId = room.HeadId,
        LastMessageAt = Timestamp.FromDateTimeOffset(room.LastMessageAt),
    });

    /// <summary>The time in the zone of this machine.</summary>
    public static string FormatTime(DateTimeOffset time, string format = DateAndTime) =>
        time.ToLocalTime().ToString(format, CultureInfo.InvariantCulture);

    /// <summary>The number with commas between thousands.</summary>
    public static string FormatCount(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string FormatText(ChatMessage message, string timeFormat)
    {
        var text = TerminalText.Escape(message.IsErased ? "(erased)" : message.Text);
        return $"{FormatTime(message.SentAt, timeFormat)} {TerminalText.EscapeBefore(message.Sender)}: {text}";
    }
}
