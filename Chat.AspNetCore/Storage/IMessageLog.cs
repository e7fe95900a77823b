using System.Security.Cryptography;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// The durable, ordered log of every room, and the only truth that the service keeps. Each room has the ids 1, 2, 3, …
/// without holes. A message that a reader can see, or whose id answered an append, is on stable storage.
/// </summary>
internal interface IMessageLog : IAsyncDisposable
{
    /// <summary>The identity of this log. A position in a log with another id means nothing here.</summary>
    string LogId { get; }

    /// <summary>Where the log is kept, for people.</summary>
    string Location { get; }

    /// <summary>The number of rooms and messages in the log.</summary>
    LogSize Size { get; }

    /// <summary>The number of sends that are queued or being stored; bounded by <see cref="LogOptions.MaxQueuedSends"/>.</summary>
    int QueuedSends { get; }

    /// <summary>
    /// Completes when the log has been disposed of. Faults when the log can no longer tell what is stored: from then on
    /// it accepts nothing, and the process must be restarted.
    /// </summary>
    Task Stopped { get; }

    /// <summary>Whether the log can be read and written now.</summary>
    LogHealth Health { get; }

    /// <summary>
    /// Raised after a commit, once for each room that has new messages, in each room in the order of the commits. The
    /// handler runs on the writer's thread: it may copy the messages and set wake-ups, but must neither block nor throw. A
    /// log that other processes write to also raises it for their messages, in the rooms that somebody follows here.
    /// </summary>
    event Action<RoomCommit>? Committed;

    /// <summary>
    /// Says whether somebody in this process follows a room. A log that other processes write to looks for their messages
    /// in these rooms, from the moment when <see cref="BoundsAsync"/> is called. Any thread may ask.
    /// </summary>
    Func<string, bool>? IsFollowed
    {
        set
        {
            // A log that nobody else writes to knows of every commit.
        }
    }

    /// <summary>
    /// Raised with the name of a room when texts of it have been erased. Whoever has copies of its messages drops them. The handler
    /// runs on the writer's thread: it must neither block nor throw. A log that other processes write to also raises it for what
    /// they have erased: before <see cref="BoundsAsync"/> of the room returns, and by itself in the rooms that somebody follows here.
    /// </summary>
    event Action<string>? Erased;

    /// <summary>A new random log id: 128 bits as 32 lower-case hexadecimal digits.</summary>
    static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>
    /// Queues a send, and waits while the queue is full. The answer goes to the append's <see cref="AppendStream"/>:
    /// one <see cref="AppendStream.OnAnswered"/> for each append, for each room in the order in which the stream queued
    /// them, or one <see cref="AppendStream.OnFailed"/>, after which the stream gets no more answers and nothing more of it
    /// is stored in that room.
    /// </summary>
    /// <param name="append">The send.</param>
    /// <param name="cancellation">
    /// Cancels the wait for a place in the queue. A send that is queued is not withdrawn.
    /// </param>
    ValueTask AppendAsync(Append append, CancellationToken cancellation);

    /// <summary>
    /// Completes when the writer has finished what it is doing now, or has nothing to do. It does not complete while the
    /// writer is stuck, such as on a disk that does not answer.
    /// </summary>
    Task PingAsync();

    /// <summary>
    /// Takes the texts of messages away for good. Their ids, senders, times and client offsets stay. When this completes, the
    /// texts are in no file of the log, unless the summary says so.
    /// </summary>
    /// <param name="messages">Which messages. Some of them, or all, may have been erased before.</param>
    /// <param name="progress">Is told how far it is, from 0 to 1.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="LogMaintenanceException">
    /// A message, a room or a sender is unknown, and nothing was erased. Or it ended early, and the message says what is erased.
    /// </exception>
    Task<ErasureSummary> EraseAsync(MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation);

    /// <summary>The first and last id of a room; 1 and 0 for a room that has never had a message.</summary>
    ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation);

    /// <summary>
    /// Offers <paramref name="sink"/> the messages of a room with ids from <paramref name="after"/> + 1 to
    /// <paramref name="through"/>, in order, until it declines one or has taken a page, which is at most 500 messages.
    /// </summary>
    /// <returns>
    /// False if the message <paramref name="after"/> + 1 was removed, also a moment ago: nothing was offered, and
    /// <see cref="BoundsAsync"/> says which is the oldest now.
    /// </returns>
    /// <exception cref="LogDamagedException">A message is missing, or is not what was stored.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be read now.</exception>
    ValueTask<bool> ReadAsync(string room, long after, long through, IMessageSink sink, CancellationToken cancellation);

    /// <summary>
    /// Removes the oldest messages of a room, up to an id, in one step with a transaction of its own: at most
    /// <see cref="LogLimits.MaxTrimmedRows"/>. Their ids are not used again, and their client offsets stay used.
    /// Streams are served between two steps.
    /// </summary>
    /// <param name="room">The room.</param>
    /// <param name="through">The newest id to remove. All messages may be removed.</param>
    /// <param name="cancellation">Cancels the wait for the step's turn.</param>
    /// <returns>What the room has now. While its oldest id is not above <paramref name="through"/>, call again.</returns>
    /// <exception cref="LogDamagedException">Something in the room is not what was stored: nothing is removed from it.</exception>
    /// <exception cref="StoreUnavailableException">
    /// Nothing was removed, such as because the disk is full. Or the connection to the log was lost: calling again finds out.
    /// </exception>
    Task<RoomBounds> TrimAsync(string room, long through, CancellationToken cancellation);

    /// <summary>
    /// At most <paramref name="count"/> rooms whose names follow <paramref name="after"/>, in the byte order of their
    /// names.
    /// </summary>
    ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(string after, int count, CancellationToken cancellation);
}

/// <summary>
/// A room, its newest id, and the time of that message in microseconds since 1970; null if the message is not kept.
/// </summary>
internal readonly record struct RoomSummary(string Name, long Head, long? LastSentAt);

/// <summary>What a log holds: rooms that have had a message, and messages.</summary>
internal readonly record struct LogSize(int Rooms, long Messages);

/// <summary>
/// The oldest id that is kept and the newest id of a room. A room without messages has Oldest = Head + 1.
/// </summary>
internal readonly record struct RoomBounds(long Oldest, long Head)
{
    public static RoomBounds Empty { get; } = new(1, 0);
}

/// <summary>
/// The start of the application failed because the message log cannot be opened. The message says what is wrong, with
/// the path, and what to do.
/// </summary>
public sealed class LogOpenException : Exception
{
    internal LogOpenException(string problem, Exception? inner = null, bool isRetryable = false)
        : base($"log cannot be opened: {problem}", inner) => IsRetryable = isRetryable;

    /// <summary>
    /// Whether the same start can succeed later, although nobody changes a setting: the database of the log does not answer, or is
    /// a standby now. An application that waits builds its host again. False means that a person must do something first.
    /// </summary>
    public bool IsRetryable { get; }
}

/// <summary>
/// The log certainly did not do what was asked, but may do it later: the disk is full, or the database is locked.
/// </summary>
internal sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Something that the log has stored is missing, unreadable, or not what was stored.</summary>
internal sealed class LogDamagedException(string message) : Exception(message);
