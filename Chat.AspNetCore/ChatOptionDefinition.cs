using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore;

/// <summary>
/// One option of <see cref="ChatOptions"/>: its name, its range, and how to read it from text. The list drives binding,
/// validation and help. Text is read strictly, wherever it comes from: the framework's binder would take "20" for 20
/// days.
/// </summary>
public sealed partial class ChatOptionDefinition
{
    private static readonly ChatOptions Defaults = new();

    private readonly Func<ChatOptions, string, bool> trySet;
    private readonly Func<ChatOptions, string?> format;
    private readonly Func<ChatOptions, bool> isValid;

    private ChatOptionDefinition(
        string name,
        string valueName,
        string allowed,
        string description,
        Func<ChatOptions, string, bool> trySet,
        Func<ChatOptions, string?> format,
        Func<ChatOptions, bool> isValid)
    {
        Name = name;
        ValueName = valueName;
        Allowed = allowed;
        Description = description;
        this.trySet = trySet;
        this.format = format;
        this.isValid = isValid;
    }

    /// <summary>Every option, in groups, in the order in which to show them to people.</summary>
    public static IReadOnlyList<ChatOptionDefinition> All { get; } =
    [
        .. Group(
            "Message log",
            new(
                nameof(ChatOptions.Data),
                "DIR",
                "a directory",
                "Directory of the message log",
                (o, text) =>
                {
                    o.Data = text;
                    return true;
                },
                o => o.Data,
                o => !string.IsNullOrWhiteSpace(o.Data)),
            Time(nameof(ChatOptions.LockTimeout), o => o.LockTimeout, (o, v) => o.LockTimeout = v,
                "How long sends wait for another process that has locked the database"),
            Flag(nameof(ChatOptions.AcceptDataLoss), o => o.AcceptDataLoss, (o, v) => o.AcceptDataLoss = v,
                "false", "Whether to open a log that has lost messages, with a new id"),
            Number(nameof(ChatOptions.KeepDays), o => o.KeepDays, (o, v) => o.KeepDays = v, 0, 36_500,
                "Remove messages that are older than so many days; 0 = keep them for ever"),
            Number(nameof(ChatOptions.KeepMessagesPerRoom), o => o.KeepMessagesPerRoom, (o, v) => o.KeepMessagesPerRoom = v,
                0, int.MaxValue, "Keep so many of the newest messages of each room; 0 = all"),
            Number(nameof(ChatOptions.KeepBytesPerRoom), o => o.KeepBytesPerRoom, (o, v) => o.KeepBytesPerRoom = v,
                0L, long.MaxValue, "Keep so many bytes of the newest texts of each room; 0 = all")),
        .. Group(
            "Messages and sends",
            Number(nameof(ChatOptions.MaxTextBytes), o => o.MaxTextBytes, (o, v) => o.MaxTextBytes = v,
                1, LogLimits.MaxTextBytes,
                "Largest text of a message, in bytes of UTF-8"),
            Number(nameof(ChatOptions.MaxRequestBytes), o => o.MaxRequestBytes, (o, v) => o.MaxRequestBytes = v,
                1024, 16 * 1024 * 1024,
                "Largest encoded request, in bytes"),
            Number(nameof(ChatOptions.MaxSendsPerSenderAndSecond), o => o.MaxSendsPerSenderAndSecond,
                (o, v) => o.MaxSendsPerSenderAndSecond = v, 0, 1_000_000,
                "Sends of one sender or remote address in a second; 0 = no limit"),
            Number(nameof(ChatOptions.MaxSendBurst), o => o.MaxSendBurst, (o, v) => o.MaxSendBurst = v, 1, 1_000_000,
                "How many of them may come at once after a quiet time"),
            Number(nameof(ChatOptions.MaxPartialBytesPerConnection), o => o.MaxPartialBytesPerConnection,
                (o, v) => o.MaxPartialBytesPerConnection = v, 1024, 1024 * 1024 * 1024,
                "Bytes of unfinished requests on one connection"),
            Number(nameof(ChatOptions.MaxUnackedSends), o => o.MaxUnackedSends,
                (o, v) => o.MaxUnackedSends = v, 1, 65_536,
                "Unanswered sends, joins and leaves of one stream"),
            Number(nameof(ChatOptions.MaxQueuedSends), o => o.MaxQueuedSends,
                (o, v) => o.MaxQueuedSends = v, 1, 1_000_000,
                "Sends of all streams that wait for the disk")),
        .. Group(
            "Rooms",
            Number(nameof(ChatOptions.MaxRooms), o => o.MaxRooms, (o, v) => o.MaxRooms = v, 1, 4_000_000,
                "Rooms in all"),
            Number(nameof(ChatOptions.MaxRoomsPerStream), o => o.MaxRoomsPerStream,
                (o, v) => o.MaxRoomsPerStream = v, 1, 10_000,
                "Rooms that one stream may join"),
            Number(nameof(ChatOptions.MaxNewRoomsPerSenderAndMinute), o => o.MaxNewRoomsPerSenderAndMinute,
                (o, v) => o.MaxNewRoomsPerSenderAndMinute = v, 0, int.MaxValue,
                "Rooms that one sender may create in a minute")),
        .. Group(
            "Readers and memory",
            Number(nameof(ChatOptions.MaxStreamsPerConnection), o => o.MaxStreamsPerConnection,
                (o, v) => o.MaxStreamsPerConnection = v, 1, int.MaxValue,
                "Streams on one HTTP/2 connection"),
            Number(nameof(ChatOptions.MaxControlFramesPerSecond), o => o.MaxControlFramesPerSecond,
                (o, v) => o.MaxControlFramesPerSecond = v, 10, 1_000_000,
                "HTTP/2 frames without content, such as resets, that one connection may send for long"),
            Number(nameof(ChatOptions.MaxStreamsPerSender), o => o.MaxStreamsPerSender,
                (o, v) => o.MaxStreamsPerSender = v, 1, int.MaxValue,
                "Streams of one sender, with authentication"),
            Number(nameof(ChatOptions.MaxPagesAtOnce), o => o.MaxPagesAtOnce, (o, v) => o.MaxPagesAtOnce = v, 1, 65_536,
                "Pages of messages or rooms in memory"),
            Number(nameof(ChatOptions.MaxPagesPerCaller), o => o.MaxPagesPerCaller,
                (o, v) => o.MaxPagesPerCaller = v, 1, 65_536,
                "The same for one sender, address or local connection"),
            Number(nameof(ChatOptions.MaxTailBytes), o => o.MaxTailBytes,
                (o, v) => o.MaxTailBytes = v, 0, 1024 * 1024 * 1024,
                "Memory for the newest messages of all rooms, in bytes; 0 = none"),
            Number(nameof(ChatOptions.MaxTailBytesPerRoom), o => o.MaxTailBytesPerRoom,
                (o, v) => o.MaxTailBytesPerRoom = v, 0, 64 * 1024 * 1024,
                "The same for one room")),
        .. Group(
            "Times",
            Time(nameof(ChatOptions.HeartbeatInterval), o => o.HeartbeatInterval, (o, v) => o.HeartbeatInterval = v,
                "A stream that is silent for this long gets a heartbeat"),
            Time(nameof(ChatOptions.RequestLimit), o => o.RequestLimit, (o, v) => o.RequestLimit = v,
                "A request that has begun must be complete within this time"),
            Time(nameof(ChatOptions.StallLimit), o => o.StallLimit, (o, v) => o.StallLimit = v,
                "A stream whose client takes nothing for this long is reset"),
            Time(nameof(ChatOptions.DrainLimit), o => o.DrainLimit, (o, v) => o.DrainLimit = v,
                "How long streams may take to end when the service stops"),
            Time(nameof(ChatOptions.ReconnectSpread), o => o.ReconnectSpread, (o, v) => o.ReconnectSpread = v,
                "Clients that are told to reconnect are spread over this time")),
        .. Group(
            "Identity",
            Text(nameof(ChatOptions.SenderClaim), o => o.SenderClaim, (o, v) => o.SenderClaim = v,
                "Claim of a token that names the sender"),
            Text(nameof(ChatOptions.RoomsClaim), o => o.RoomsClaim, (o, v) => o.RoomsClaim = v,
                "Claim of a token that lists the rooms"),
            Flag(nameof(ChatOptions.RequireRoomsClaim), o => o.RequireRoomsClaim, (o, v) => o.RequireRoomsClaim = v,
                "false", "Whether a token without that claim may use no room")),
        .. Group(
            "Tools",
            Flag(nameof(ChatOptions.Reflection), o => o.Reflection, (o, v) => o.Reflection = v,
                "true on loopback addresses only", "Whether to serve gRPC server reflection")),
    ];

    /// <summary>The name of the property, which is also the name in the configuration.</summary>
    public string Name { get; }

    /// <summary>A heading for this option and its neighbours.</summary>
    public string Heading { get; private set; } = "";

    /// <summary>What stands for the value in help: <c>N</c>, <c>HH:MM:SS</c>, <c>BOOL</c>, <c>NAME</c> or <c>DIR</c>.</summary>
    public string ValueName { get; }

    /// <summary>What is allowed, as the end of a sentence that says "must be".</summary>
    public string Allowed { get; }

    /// <summary>What the option does, in a line.</summary>
    public string Description { get; }

    /// <summary>The default, as configuration would write it; null if the option must be set.</summary>
    public string? Default => format(Defaults);

    /// <summary>Sets the option from text.</summary>
    /// <param name="options">Where to set it.</param>
    /// <param name="text">The value.</param>
    /// <param name="source">What the message calls the option, such as CHAT_MAXTEXTBYTES.</param>
    /// <exception cref="FormatException">
    /// The value is not allowed. The message names the option, the value and what is allowed.
    /// </exception>
    public void Parse(ChatOptions options, string text, string source)
    {
        if (!trySet(options, text) || !isValid(options))
        {
            throw new FormatException($"{source} is '{text}', but must be {Allowed}");
        }
    }

    /// <summary>What is wrong with the option's value; null if it is in range.</summary>
    internal string? Check(ChatOptions options) => isValid(options)
        ? null
        : $"{Name} is {(format(options) is { } value ? $"'{value}'" : "not set")}, but must be {Allowed}";

    private static ChatOptionDefinition[] Group(string heading, params ChatOptionDefinition[] options)
    {
        foreach (var option in options)
        {
            option.Heading = heading;
        }

        return options;
    }

    private static ChatOptionDefinition Text(
        string name,
        Func<ChatOptions, string> get,
        Action<ChatOptions, string> set,
        string description) => new(
            name,
            "NAME",
            "a name",
            description,
            (o, text) =>
            {
                set(o, text);
                return true;
            },
            get,
            o => !string.IsNullOrWhiteSpace(get(o)));

    private static ChatOptionDefinition Flag(
        string name,
        Func<ChatOptions, bool?> get,
        Action<ChatOptions, bool> set,
        string defaultValue,
        string description) => new(
            name,
            "BOOL",
            "true or false",
            description,
            (o, text) =>
            {
                // With another case, too: the framework's JSON provider says True.
                var value = text.Equals("true", StringComparison.OrdinalIgnoreCase);
                set(o, value);
                return value || text.Equals("false", StringComparison.OrdinalIgnoreCase);
            },
            o => get(o) is { } value && value != get(Defaults) ? value.ToString() : defaultValue,
            _ => true);

    private static ChatOptionDefinition Number<T>(
        string name,
        Func<ChatOptions, T> get,
        Action<ChatOptions, T> set,
        T min,
        T max,
        string description)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> => new(
            name,
            "N",
            max == T.MaxValue ? $"a whole number, {min} or more" : $"a whole number from {min} to {max}",
            description,
            (o, text) =>
            {
                var isNumber = T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
                set(o, value);
                return isNumber;
            },
            o => get(o).ToString(null, CultureInfo.InvariantCulture),
            o => get(o) >= min && get(o) <= max);

    private static ChatOptionDefinition Time(
        string name,
        Func<ChatOptions, TimeSpan> get,
        Action<ChatOptions, TimeSpan> set,
        string description) => new(
            name,
            "HH:MM:SS",
            "hours:minutes:seconds from 00:00:00.001 to 24:00:00, such as 00:00:20",
            description,
            (o, text) =>
            {
                var isTime = TryParseTime(text, out var value);
                set(o, value);
                return isTime;
            },
            o => get(o).ToString("c", CultureInfo.InvariantCulture),
            o => get(o) >= TimeSpan.FromMilliseconds(1) && get(o) <= TimeSpan.FromDays(1));

    // The framework's parser takes 20 for days, 00:20 for minutes, 24:00:00 for 24 days, and spaces at both ends.
    private static bool TryParseTime(string text, out TimeSpan value)
    {
        value = TimeSpan.FromDays(1);
        if (text is "24:00:00" or "1.00:00:00")
        {
            return true;
        }

        return HoursMinutesSeconds().IsMatch(text) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
    }

    [GeneratedRegex(@"\A[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?\z")]
    private static partial Regex HoursMinutesSeconds();
}
