using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// All refusals of sends and joins. Each description says what is wrong, with the value, and what to do.
/// </summary>
internal static class Refusals
{
    public static Refused OffsetReused { get; } = new(
        Reason.OffsetReused,
        "client_offset",
        "this client_offset was used in this room with a different text; "
        + "give every message a client_offset of its own");

    public static Refused NoRoom { get; } = new(
        Reason.Invalid,
        "room",
        "the send names no room, and the stream has no first room; name one");

    public static Refused InvalidClientOffset { get; } = new(
        Reason.Invalid,
        "client_offset",
        $"client_offset must be {Names.ClientOffsetForm}");

    public static Refused EmptyText { get; } = new(Reason.Invalid, "text", "the text is empty");

    public static Refused NulInText { get; } = new(
        Reason.Invalid,
        "text",
        "the text contains U+0000; remove it");

    public static Refused InvalidRoom(string name) => new(
        Reason.Invalid,
        "room",
        $"'{Names.Truncate(name)}' is not a valid room name; use {Names.RoomForm}");

    public static Refused InvalidPosition(string field, long value) => new(
        Reason.Invalid,
        field,
        $"{field} is {value}, but must be {(field == "after_id" ? "-1 or more" : "0 or more")}");

    public static Refused MayNotRead(string room) => new(
        Reason.Forbidden,
        "room",
        $"you may not read room '{room}'; ask the service's operator for the right");

    public static Refused MayNotWrite(string room) => new(
        Reason.Forbidden,
        "room",
        $"you may not write to room '{room}'; ask the service's operator for the right");

    public static Refused TextTooLarge(int bytes, int maxBytes) => new(
        Reason.TooLarge,
        "text",
        $"the text has {bytes} bytes of UTF-8, but may have at most {maxBytes}; split it");

    public static Refused TooManyRoomsJoined(int max) => new(
        Reason.Limit,
        "room",
        $"a stream may join at most {max} rooms; leave one, or open another stream")
    {
        Limit = nameof(ChatOptions.MaxRoomsPerStream),
    };

    public static Refused TooManyRooms(int max) => new(
        Reason.Limit,
        "room",
        $"the service has reached its limit of {max} rooms; send to an existing room")
    {
        Limit = nameof(ChatOptions.MaxRooms),
    };

    public static Refused TooManySends(int max, TimeSpan wait) => new(
        Reason.Limit,
        "client_offset",
        $"a sender may send at most {max} messages a second; send it again a little later")
    {
        // Counted where it is reached, as a stream meets it without a refusal.
        RetryAfter = wait,
    };

    public static Refused TooManyNewRooms(int max, TimeSpan left) => new(
        Reason.Limit,
        "room",
        $"a sender may create at most {max} rooms a minute; send again when the minute is over")
    {
        Limit = nameof(ChatOptions.MaxNewRoomsPerSenderAndMinute),
        RetryAfter = left,
    };
}
