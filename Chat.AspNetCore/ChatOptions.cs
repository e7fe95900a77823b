namespace Chat.AspNetCore;

/// <summary>
/// Everything that can be set. Each is read from the environment as CHAT_ and its name, for instance
/// CHAT_MAXUNACKEDSENDS=512; times are written as 00:00:20.
/// </summary>
public sealed record ChatOptions
{
    /// <summary>The address to listen on, host:port; port 0 takes a free one.</summary>
    public string Listen { get; set; } = "127.0.0.1:5000";

    /// <summary>The directory of the log; null = $XDG_STATE_HOME/grpcchat or ~/.local/state/grpcchat.</summary>
    public string? Data { get; set; }

    /// <summary>
    /// Largest text in bytes of UTF-8. At most 30,720: a message with its names must fit into half a frame of 64 KiB,
    /// beside the answers.
    /// </summary>
    public int MaxTextBytes { get; set; } = 16_384;

    /// <summary>Largest encoded request in bytes.</summary>
    public int MaxRequestBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Sends, joins and leaves of one stream whose answers the transport has not taken yet; after so many the stream
    /// is not read until the client reads. Large enough to keep a pipelining client busy during a sync of the disk.
    /// </summary>
    public int MaxUnackedSends { get; set; } = 256;

    /// <summary>
    /// Sends of all streams that wait for the disk or are being written; also the largest batch. 16 streams at their
    /// limit, or 64 MiB of the largest texts.
    /// </summary>
    public int MaxQueuedSends { get; set; } = 4096;

    /// <summary>Rooms in all; the name and head of each are kept in memory for ever.</summary>
    public int MaxRooms { get; set; } = 100_000;

    /// <summary>Rooms joined at once on one stream: each wake-up of the stream looks at all of them.</summary>
    public int MaxRoomsPerStream { get; set; } = 100;

    /// <summary>New rooms that one sender may bring into being in a minute.</summary>
    public int MaxNewRoomsPerSenderAndMinute { get; set; } = 60;

    /// <summary>Streams on one HTTP/2 connection; further calls of that client wait for one to end.</summary>
    public int MaxStreamsPerConnection { get; set; } = 1000;

    /// <summary>
    /// Pages of messages or rooms that are being read, or that their clients have not taken yet; further calls wait for
    /// one of them. Each may have 1 MiB.
    /// </summary>
    public int MaxPagesAtOnce { get; set; } = 64;

    /// <summary>As many of those on one connection: a client that does not read keeps only itself waiting.</summary>
    public int MaxPagesPerConnection { get; set; } = 4;

    /// <summary>
    /// Memory for the newest messages of rooms that somebody follows, all rooms together; readers that are further
    /// behind read the log. Far less than that is used where rooms are quiet. 0 = everybody reads the log.
    /// </summary>
    public int MaxTailBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>As much of it for one room: some thousand messages, which a reader gets through in milliseconds.</summary>
    public int MaxTailBytesPerRoom { get; set; } = 1024 * 1024;

    /// <summary>A heartbeat is sent when a stream was silent for so long.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>A stream whose client takes nothing for so long is reset.</summary>
    public TimeSpan StallLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When the service stops, streams have so long to be answered and to end.</summary>
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Clients that are told to come back are spread over so much time.</summary>
    public TimeSpan ReconnectSpread { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long sends wait for another process that holds the database's write lock.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether gRPC server reflection is served; null = while nothing but loopback addresses and sockets of this machine
    /// is listened on. What stands behind a proxy that other machines reach sets it.
    /// </summary>
    public bool? Reflection { get; set; }

    /// <summary>Where the log is.</summary>
    internal string DataDirectory => Data ?? Path.Combine(StateHome, "grpcchat");

    private static string StateHome =>
        Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } home
            ? home
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } profile
                ? Path.Combine(profile, ".local", "state")
                : throw new ArgumentException(
                    "there is no home directory to keep the log in; give --data, or set CHAT_DATA or XDG_STATE_HOME");

    /// <summary>Throws, with a sentence that names the option and its value, where one is out of range.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            throw new ArgumentException("--data is empty; give a directory");
        }

        Within(MaxTextBytes, 1, 30_720, nameof(MaxTextBytes));
        Within(MaxRequestBytes, 1024, 16 * 1024 * 1024, nameof(MaxRequestBytes));
        Within(MaxUnackedSends, 1, 65_536, nameof(MaxUnackedSends));
        Within(MaxQueuedSends, 1, 1_000_000, nameof(MaxQueuedSends));
        Within(MaxRooms, 1, 4_000_000, nameof(MaxRooms));
        Within(MaxRoomsPerStream, 1, 10_000, nameof(MaxRoomsPerStream));
        Within(MaxNewRoomsPerSenderAndMinute, 0, int.MaxValue, nameof(MaxNewRoomsPerSenderAndMinute));
        Within(MaxPagesAtOnce, 1, 65_536, nameof(MaxPagesAtOnce));
        Within(MaxPagesPerConnection, 1, 65_536, nameof(MaxPagesPerConnection));
        Within(MaxTailBytes, 0, 1024 * 1024 * 1024, nameof(MaxTailBytes));
        Within(MaxTailBytesPerRoom, 0, 64 * 1024 * 1024, nameof(MaxTailBytesPerRoom));
        Within(MaxStreamsPerConnection, 1, int.MaxValue, nameof(MaxStreamsPerConnection));
        Positive(HeartbeatInterval, nameof(HeartbeatInterval));
        Positive(StallLimit, nameof(StallLimit));
        Positive(DrainLimit, nameof(DrainLimit));
        Positive(LockTimeout, nameof(LockTimeout));
        Positive(ReconnectSpread, nameof(ReconnectSpread));
    }

    private static void Within(int value, int least, int most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException($"{name} is {value}, and must be from {least} to {most}");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        if (value < TimeSpan.FromMilliseconds(1) || value > TimeSpan.FromDays(1))
        {
            throw new ArgumentException($"{name} is {value}, and must be from 00:00:00.001 to 1.00:00:00");
        }
    }
}
