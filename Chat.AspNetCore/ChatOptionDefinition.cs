using System.Globalization;

namespace Chat.AspNetCore;

/// <summary>
/// One option: its name, its range, and how it is read from text. The list drives binding, validation and the executable's
/// help. Text is read strictly, whichever provider it comes from: the framework's binder would take "20" for 20 days.
/// </summary>
internal sealed class ChatOptionDefinition
{
    private static readonly ChatOptions Defaults = new();

    private readonly Action<ChatOptions, string> parse;
    private readonly Func<ChatOptions, string?> format;
    private readonly Func<ChatOptions, bool> isValid;

    private ChatOptionDefinition(
        string name,
        string allowed,
        string description,
        Action<ChatOptions, string> parse,
        Func<ChatOptions, string?> format,
        Func<ChatOptions, bool> isValid)
    {
        Name = name;
        Allowed = allowed;
        Description = description;
        this.parse = parse;
        this.format = format;
        this.isValid = isValid;
    }

    /// <summary>Every option, in the order in which people are shown them.</summary>
    public static IReadOnlyList<ChatOptionDefinition> All { get; } =
    [
        new(
            nameof(ChatOptions.Data),
            "a directory",
            "Directory of the message log",
            (options, text) => options.Data = text.Trim().Length > 0 ? text : throw new FormatException(),
            options => options.Data ?? "$XDG_STATE_HOME/grpcchat or ~/.local/state/grpcchat",
            options => options.Data is null || options.Data.Trim().Length > 0),
        Number(nameof(ChatOptions.MaxTextBytes), o => o.MaxTextBytes, (o, v) => o.MaxTextBytes = v, 1, 30_720,
            "Largest text of a message, in bytes of UTF-8"),
        Number(nameof(ChatOptions.MaxRequestBytes), o => o.MaxRequestBytes, (o, v) => o.MaxRequestBytes = v, 1024, 16 * 1024 * 1024,
            "Largest encoded request, in bytes"),
        Number(nameof(ChatOptions.MaxUnackedSends), o => o.MaxUnackedSends, (o, v) => o.MaxUnackedSends = v, 1, 65_536,
            "Unanswered sends, joins and leaves of one stream"),
        Number(nameof(ChatOptions.MaxQueuedSends), o => o.MaxQueuedSends, (o, v) => o.MaxQueuedSends = v, 1, 1_000_000,
            "Sends of all streams that wait for the disk"),
        Number(nameof(ChatOptions.MaxRooms), o => o.MaxRooms, (o, v) => o.MaxRooms = v, 1, 4_000_000,
            "Rooms in all"),
        Number(nameof(ChatOptions.MaxRoomsPerStream), o => o.MaxRoomsPerStream, (o, v) => o.MaxRoomsPerStream = v, 1, 10_000,
            "Rooms that one stream may join"),
        Number(nameof(ChatOptions.MaxNewRoomsPerSenderAndMinute), o => o.MaxNewRoomsPerSenderAndMinute,
            (o, v) => o.MaxNewRoomsPerSenderAndMinute = v, 0, int.MaxValue,
            "Rooms that one sender may create in a minute"),
        Number(nameof(ChatOptions.MaxStreamsPerConnection), o => o.MaxStreamsPerConnection,
            (o, v) => o.MaxStreamsPerConnection = v, 1, int.MaxValue,
            "Streams on one HTTP/2 connection"),
        Number(nameof(ChatOptions.MaxPagesAtOnce), o => o.MaxPagesAtOnce, (o, v) => o.MaxPagesAtOnce = v, 1, 65_536,
            "Pages of messages or rooms in memory"),
        Number(nameof(ChatOptions.MaxPagesPerConnection), o => o.MaxPagesPerConnection,
            (o, v) => o.MaxPagesPerConnection = v, 1, 65_536,
            "The same for one connection"),
        Number(nameof(ChatOptions.MaxTailBytes), o => o.MaxTailBytes, (o, v) => o.MaxTailBytes = v, 0, 1024 * 1024 * 1024,
            "Memory for the newest messages of all rooms, in bytes; 0 = none"),
        Number(nameof(ChatOptions.MaxTailBytesPerRoom), o => o.MaxTailBytesPerRoom,
            (o, v) => o.MaxTailBytesPerRoom = v, 0, 64 * 1024 * 1024,
            "The same for one room"),
        Time(nameof(ChatOptions.HeartbeatInterval), o => o.HeartbeatInterval, (o, v) => o.HeartbeatInterval = v,
            "A stream that is silent for this long gets a heartbeat"),
        Time(nameof(ChatOptions.StallLimit), o => o.StallLimit, (o, v) => o.StallLimit = v,
            "A stream whose client takes nothing for this long is reset"),
        Time(nameof(ChatOptions.DrainLimit), o => o.DrainLimit, (o, v) => o.DrainLimit = v,
            "How long streams may take to end when the service stops"),
        Time(nameof(ChatOptions.ReconnectSpread), o => o.ReconnectSpread, (o, v) => o.ReconnectSpread = v,
            "Clients that are told to reconnect are spread over this time"),
        Time(nameof(ChatOptions.LockTimeout), o => o.LockTimeout, (o, v) => o.LockTimeout = v,
            "How long sends wait for another process that has locked the database"),
        new(
            nameof(ChatOptions.Reflection),
            "true or false",
            "Whether to serve gRPC server reflection",
            (options, text) => options.Reflection = text.ToUpperInvariant() switch
            {
                "TRUE" => true,
                "FALSE" => false,
                _ => throw new FormatException(),
            },
            options => options.Reflection?.ToString() ?? "true on loopback, else false",
            _ => true),
    ];

    public string Name { get; }

    /// <summary>What is allowed, as the end of a sentence that says "must be".</summary>
    public string Allowed { get; }

    /// <summary>What the option does, in a line.</summary>
    public string Description { get; }

    public string Default => format(Defaults) ?? "";

    /// <summary>Sets the option from text.</summary>
    /// <param name="options">Where to set it.</param>
    /// <param name="text">The value.</param>
    /// <param name="source">The name under which the value was given.</param>
    /// <exception cref="ArgumentException">The text is not such a value. The message names the option, the value and what is allowed.</exception>
    public void Parse(ChatOptions options, string text, string source)
    {
        try
        {
            parse(options, text);
        }
        catch (FormatException)
        {
            throw new ArgumentException($"{source} is '{text}', but must be {Allowed}");
        }
    }

    /// <summary>What is wrong with the option's value; null where it is in range.</summary>
    public string? Check(ChatOptions options) =>
        isValid(options) ? null : $"{Name} is {format(options)}, but must be {Allowed}";

    private static ChatOptionDefinition Number(
        string name,
        Func<ChatOptions, int> get,
        Action<ChatOptions, int> set,
        int min,
        int max,
        string description) => new(
            name,
            max == int.MaxValue ? $"a whole number from {min}" : $"a whole number from {min} to {max}",
            description,
            (options, text) => set(options, int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw new FormatException()),
            options => get(options).ToString(CultureInfo.InvariantCulture),
            options => get(options) >= min && get(options) <= max);

    private static ChatOptionDefinition Time(
        string name,
        Func<ChatOptions, TimeSpan> get,
        Action<ChatOptions, TimeSpan> set,
        string description) => new(
            name,
            "hours:minutes:seconds from 00:00:00.001 to 24:00:00, such as 00:00:20",
            description,
            (options, text) => set(options, ParseTime(text)),
            options => get(options).ToString("c", CultureInfo.InvariantCulture),
            options => get(options) >= TimeSpan.FromMilliseconds(1) && get(options) <= TimeSpan.FromDays(1));

    // The framework's own parser takes a bare number for days and does not take 24:00:00.
    private static TimeSpan ParseTime(string text) =>
        text == "24:00:00" ? TimeSpan.FromDays(1)
        : text.Count(c => c == ':') == 2
            && char.IsAsciiDigit(text[0])
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? time
            : throw new FormatException();
}
