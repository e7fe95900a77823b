namespace GrpcChat.AspNetCore;

/// <summary>The options of the chat. The start fails if one is out of range, and the message names it.</summary>
public sealed class ChatOptions
{
    /// <summary>
    /// The directory of the message log, which is created if it does not exist. It has no default: an application must
    /// set it.
    /// </summary>
    public string? Data { get; set; }

    /// <summary>
    /// Messages that are older than so many days are removed, a few minutes later. 0 = they are kept for ever. Client offsets
    /// are kept for ever in any case, and ids are not used again.
    /// </summary>
    public int KeepDays { get; set; }

    /// <summary>Of each room, only about so many of the newest messages are kept; older ones are removed. 0 = all.</summary>
    public int KeepMessagesPerRoom { get; set; }

    /// <summary>
    /// Of each room, only so many of the newest messages are kept that their texts have about so many bytes of UTF-8. 0 = all.
    /// </summary>
    public long KeepBytesPerRoom { get; set; }

    /// <summary>
    /// Largest text of a message, in bytes of UTF-8. At most 30,720: a message with its names must fit into half a
    /// frame of 64 KiB, beside the answers.
    /// </summary>
    public int MaxTextBytes { get; set; } = 16_384;

    /// <summary>Largest encoded request, in bytes. It must have room for the largest text.</summary>
    public int MaxRequestBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Messages that one sender may send in a second, on all of its streams together. A stream that sends faster is
    /// read more slowly; a single send is refused. Without authentication, the same for one address, except those of
    /// this machine. 0 = no limit.
    /// </summary>
    public int MaxSendsPerSenderAndSecond { get; set; } = 200;

    /// <summary>How many messages may come at once after a quiet time, before that limit holds.</summary>
    public int MaxSendBurst { get; set; } = 400;

    /// <summary>
    /// Bytes of requests on one HTTP/2 connection that have begun and are not complete. With more, the call that adds
    /// to them ends. One request of the largest size is always allowed.
    /// </summary>
    public int MaxPartialBytesPerConnection { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Sends, joins and leaves of one stream whose answers the transport has not taken yet. With more, the stream is
    /// not read until its client reads. Large enough to keep a client that pipelines busy during an fsync.
    /// </summary>
    public int MaxUnackedSends { get; set; } = 256;

    /// <summary>
    /// Sends of all streams that wait for the disk or are being written. It is also the largest batch. The default is
    /// enough for 16 streams at their limit, or 64 MiB of the largest texts.
    /// </summary>
    public int MaxQueuedSends { get; set; } = 4096;

    /// <summary>Rooms in all. The name and head of each stay in memory.</summary>
    public int MaxRooms { get; set; } = 100_000;

    /// <summary>Rooms that one stream may join. Each wake-up of the stream looks at all of them.</summary>
    public int MaxRoomsPerStream { get; set; } = 100;

    /// <summary>Rooms that one sender or, without authentication, one other address may create in a minute.</summary>
    public int MaxNewRoomsPerSenderAndMinute { get; set; } = 60;

    /// <summary>
    /// Streams on one HTTP/2 connection; further calls wait until one ends. It takes effect through
    /// <c>kestrel.UseGrpcChatLimits()</c>.
    /// </summary>
    public int MaxStreamsPerConnection { get; set; } = 1000;

    /// <summary>
    /// HTTP/2 frames of one connection in a second that bring no content: resets, pings, settings, window updates,
    /// priorities, continued headers and empty data. Twice as many may come at once, and reading much allows more pings
    /// and window updates. It takes effect through <c>listener.UseGrpcChatFloodLimit()</c>.
    /// </summary>
    public int MaxControlFramesPerSecond { get; set; } = 1000;

    /// <summary>
    /// Streams that one sender may have open, where the application authenticates callers. A person has one for each
    /// device or tab.
    /// </summary>
    public int MaxStreamsPerSender { get; set; } = 50;

    /// <summary>
    /// Pages of messages or rooms that are being read or that their clients have not taken yet; further calls wait. A
    /// page has up to 1 MiB.
    /// </summary>
    public int MaxPagesAtOnce { get; set; } = 64;

    /// <summary>
    /// The same for one sender or, without authentication, one address, so that a client that does not read keeps only
    /// itself waiting. On this machine, without authentication, the same for one connection.
    /// </summary>
    public int MaxPagesPerCaller { get; set; } = 4;

    /// <summary>
    /// Memory for the newest messages of rooms that somebody follows, in bytes, all rooms together. Readers that are
    /// further behind read the log. Quiet rooms use far less. 0 = everybody reads the log.
    /// </summary>
    public int MaxTailBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// The same for one room. The default holds some thousand messages, which a reader takes in milliseconds.
    /// </summary>
    public int MaxTailBytesPerRoom { get; set; } = 1024 * 1024;

    /// <summary>A stream that has been silent for this long gets a heartbeat.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>A request that has begun must be complete within this time, or its call ends.</summary>
    public TimeSpan RequestLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A stream whose client takes nothing for this long is reset.</summary>
    public TimeSpan StallLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When the service stops, streams have this long to be answered and to end.</summary>
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Clients that are told to reconnect are spread over this time.</summary>
    public TimeSpan ReconnectSpread { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether to open a log that has lost messages, or that may have. The log gets a new id, so that clients read
    /// everything again and are told so. It changes nothing for a log that is complete.
    /// </summary>
    public bool AcceptDataLoss { get; set; }

    /// <summary>How long sends wait for another process that holds the database's write lock.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The claim that names the sender, where the application authenticates callers. Its value must be valid as a
    /// sender's name.
    /// </summary>
    public string SenderClaim { get; set; } = "sub";

    /// <summary>
    /// The claim that lists the rooms that its owner may use: names, or prefixes with a <c>*</c> at the end, each with
    /// <c>:r</c> or <c>:w</c> if it is only for reading or writing. Callers without the claim may use all rooms, unless
    /// <see cref="RequireRoomsClaim"/> is set. An empty list in a token becomes no claim at all in ASP.NET Core: where
    /// your issuer writes such lists, set that option, or add a claim with an empty value, which is the right to no
    /// room.
    /// </summary>
    public string RoomsClaim { get; set; } = "rooms";

    /// <summary>Whether callers without the claim <see cref="RoomsClaim"/> may use no room at all.</summary>
    public bool RequireRoomsClaim { get; set; }

    /// <summary>
    /// Whether gRPC server reflection is served. Null = only while the service listens on nothing but loopback
    /// addresses and sockets of this machine. Set it if a proxy that other machines reach is in front.
    /// </summary>
    public bool? Reflection { get; set; }
}
