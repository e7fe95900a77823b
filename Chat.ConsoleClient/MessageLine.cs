using System.Globalization;
using Chat.Client;
using Chat.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Chat.ConsoleClient;

/// <summary>A message as a line of output.</summary>
internal static class MessageLine
{
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default);

    /// <summary>Date, time of this machine, sender and text, of which nothing can steer a terminal.</summary>
    public static string Of(ChatMessage message, string timeFormat = "yyyy-MM-dd HH:mm:ss") => string.Create(
        CultureInfo.InvariantCulture,
        $"{Time(message.SentAt, timeFormat)} {TerminalText.Foreign(message.Sender)}: {TerminalText.Foreign(message.IsErased ? "(erased)" : message.Text)}");

    /// <summary>The message of the contract in the JSON form of proto3, in one line.</summary>
    public static string JsonOf(ChatMessage message) => Json.Format(new Message
    {
        Room = message.Room,
        Id = message.Id,
        Sender = message.Sender,
        Text = message.Text,
        SentAt = Timestamp.FromDateTimeOffset(message.SentAt),
        ClientOffset = message.ClientOffset,
        Erased = message.IsErased,
    });

    /// <summary>The room of the contract in the JSON form of proto3, in one line.</summary>
    public static string JsonOf(RoomInfo room) => Json.Format(new Room
    {
        Name = room.Name,
        HeadId = room.HeadId,
        LastMessageAt = Timestamp.FromDateTimeOffset(room.LastMessageAt),
    });

    public static string Time(DateTimeOffset time, string format = "yyyy-MM-dd HH:mm:ss") =>
        time.ToLocalTime().ToString(format, CultureInfo.InvariantCulture);
}
