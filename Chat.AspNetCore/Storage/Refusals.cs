using Chat.V1;

namespace Chat.AspNetCore.Storage;

/// <summary>Every reason to refuse a send or a join, with its words: what was wrong, and what to do.</summary>
internal static class Refusals
{
    public static Refused OffsetReused { get; } = new(
        Reason.OffsetReused,
        "client_offset",
        "this client_offset was used in this room with another text; give every message an offset of its own");

    public static Refused NoRoom { get; } = new(
        Reason.Invalid,
        "room",
        "the send names no room and the stream has no first room; name one");

    public static Refused InvalidClientOffset { get; } = new(
        Reason.Invalid,
        "client_offset",
        $"client_offset must be {Names.ClientOffsetForm}");

    public static Refused EmptyText { get; } = new(Reason.Invalid, "text", "the text is empty");

    public static Refused NulInText { get; } = new(
        Reason.Invalid,
        "text",
        "the text contains U+0000; leave it out");

    public static Refused InvalidRoom(string name) => new(
        Reason.Invalid,
        "room",
        $"'{Names.Cut(name)}' is no room name: {Names.RoomForm}");

    public static Refused InvalidPosition(string field, long value) => new(
        Reason.Invalid,
        field,
        $"{field} is {value}, and must be {(field == "after_id" ? "-1 or more" : "0 or more")}");

    public static Refused TextTooLarge(int bytes, int most) => new(
        Reason.TooLarge,
        "text",
        $"the text has {bytes} bytes of UTF-8, and may have {most}; send it in parts");

    public static Refused TooManyRoomsJoined(int most) => new(
        Reason.Limit,
        "room",
        $"at most {most} rooms on one stream; leave one, or open another stream");

    public static Refused TooManyRooms(int most) => new(
        Reason.Limit,
        "room",
        $"the service has its {most} rooms; send to one of those");

    public static Refused TooManyNewRooms(int most) => new(
        Reason.Limit,
        "room",
        $"at most {most} new rooms per sender and minute; wait a minute")
    {
        RetryAfter = TimeSpan.FromMinutes(1),
    };
}
