using Chat.V1;

namespace Chat.AspNetCore.Storage;

/// <summary>
/// The durable, ordered log of every room: the only truth that the service keeps. Each room has ids 1, 2, 3, … without
/// holes; a message that a reader can see, and an id that an append was answered with, is on stable storage.
/// </summary>
internal interface IMessageLog : IAsyncDisposable
{
    /// <summary>Identity of this log. A position taken from a log with another id means nothing here.</summary>
    string LogId { get; }

    /// <summary>Where the log lives, for people.</summary>
    string Location { get; }

    /// <summary>How many rooms and messages are kept now.</summary>
    LogSize Size { get; }

    /// <summary>
    /// Completes when the log has been disposed of; faults when it can no longer tell what is stored, after which it
    /// takes nothing more and the process must be started anew.
    /// </summary>
    Task Stopped { get; }

    /// <summary>
    /// Raised after a commit for each room that has new messages, in the order of the commits. The handler runs on the
    /// writer's thread: it may take the messages and ring bells, and must neither block nor throw.
    /// </summary>
    event Action<RoomCommit>? Committed;

    /// <summary>
    /// Hands a send over, waiting while the log's queue is full. The answer goes to the append's
    /// <see cref="AppendStream"/>: exactly one <see cref="AppendStream.OnAnswered"/> for each append, in the order in
    /// which a stream handed them over, or one <see cref="AppendStream.OnFailed"/> after which that stream gets no
    /// more answers and nothing more of it is stored.
    /// </summary>
    /// <param name="append">The send.</param>
    /// <param name="cancellation">Gives up waiting for a place in the queue; a send that has its place is not taken back.</param>
    ValueTask AppendAsync(Append append, CancellationToken cancellation);

    /// <summary>Where a room begins and ends. A room that has never had a message is 1 and 0.</summary>
    ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation);

    /// <summary>
    /// Gives <paramref name="sink"/> the messages of a room with ids from <paramref name="after"/> + 1 to
    /// <paramref name="through"/>, in order, until it declines one or a page (500 messages) is full.
    /// </summary>
    /// <exception cref="LogDamagedException">The next message that is kept is not <paramref name="after"/> + 1.</exception>
    ValueTask ReadAsync(string room, long after, long through, IMessageSink sink, CancellationToken cancellation);

    /// <summary>
    /// The rooms whose names come after <paramref name="after"/>, in the order of their bytes, at most
    /// <paramref name="count"/>.
    /// </summary>
    ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(string after, int count, CancellationToken cancellation);
}

/// <summary>A room with its newest id, and when that was stored: microseconds since 1970, null where it is not kept.</summary>
internal readonly record struct RoomSummary(string Name, long Head, long? LastSentAt);

/// <summary>What a log holds: rooms that have had a message, and messages kept.</summary>
internal readonly record struct LogSize(int Rooms, long Messages);

/// <summary>The oldest id kept and the newest id ever given; a room that keeps nothing has Oldest = Head + 1.</summary>
internal readonly record struct RoomBounds(long Oldest, long Head)
{
    public static RoomBounds Empty { get; } = new(1, 0);
}

/// <summary>Takes messages from a log, one after the other.</summary>
internal interface IMessageSink
{
    /// <summary>Takes the message, or declines it (false): then no more are offered.</summary>
    bool TryAdd(scoped in MessageRow row);
}

/// <summary>One stored message; its strings are UTF-8 and live only as long as the call that shows them.</summary>
internal readonly ref struct MessageRow
{
    public required ReadOnlySpan<byte> Room { get; init; }
    public required long Id { get; init; }
    public required ReadOnlySpan<byte> Sender { get; init; }
    public required ReadOnlySpan<byte> Text { get; init; }
    public required ReadOnlySpan<byte> ClientOffset { get; init; }

    /// <summary>Commit time in microseconds since 1970-01-01T00:00:00Z.</summary>
    public required long SentAt { get; init; }
}
