namespace GrpcChat.Bench.Peers;

/// <summary>
/// A program that can be measured. Each round starts it as a new process with a new database, and talks to it over its
/// own protocol.
/// </summary>
internal interface IPeer
{
    /// <summary>Its name in tables: grpcchat, tutorial, tutorial-wal, signalr, limit-grpc.</summary>
    string Name { get; }

    /// <summary>Whether every reader of a room gets its messages in the order of their ids.</summary>
    bool PromisesOrder => false;

    /// <summary>Starts it; returns when it is listening.</summary>
    Task<IPeerServer> StartAsync(PeerSetup setup);
}

/// <summary>What a peer is started with.</summary>
internal sealed record PeerSetup
{
    /// <summary>
    /// The number of messages of <see cref="BenchText.Bytes"/> bytes that are in its database before it starts, spread
    /// evenly over <see cref="Rooms"/>. They are written directly, because sending them could take minutes.
    /// </summary>
    public int Stored { get; init; }

    /// <summary>The rooms of the stored messages; a peer without rooms ignores them.</summary>
    public IReadOnlyList<string> Rooms { get; init; } = [ClientSetup.DefaultRoom];

    /// <summary>Environment variables added for its process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>A running peer. Disposing kills it and deletes its database.</summary>
internal interface IPeerServer : IAsyncDisposable
{
    /// <summary>The resource usage of the server's process alone.</summary>
    ProcessUsage Usage { get; }

    /// <summary>The path of its database, for a look at it after the stop; null = it has none.</summary>
    string? Database { get; }

    /// <summary>
    /// Connects a client with its own connection; returns when it can send and, if it reads, has joined its room.
    /// </summary>
    Task<IPeerClient> ConnectAsync(ClientSetup setup);

    /// <summary>Asks the process to end and waits until it has; <see cref="Database"/> is then complete.</summary>
    Task StopAsync();
}

/// <summary>Who a client is, and what it reads.</summary>
/// <param name="Name">The user.</param>
internal sealed record ClientSetup(string Name)
{
    public const string DefaultRoom = "bench";

    /// <summary>As <see cref="After"/>: no stored messages.</summary>
    public const long NewMessagesOnly = -1;

    /// <summary>The room that it sends to and, if it reads, joins.</summary>
    public string Room { get; init; } = DefaultRoom;

    /// <summary>False = it receives no messages, only acks of its own sends.</summary>
    public bool Reads { get; init; }

    /// <summary>It receives the messages with greater ids.</summary>
    public long After { get; init; } = NewMessagesOnly;
}

/// <summary>One connection. One task may send while another reads.</summary>
internal interface IPeerClient : IAsyncDisposable
{
    /// <summary>
    /// Sends messages without waiting for their acks, numbered from <paramref name="first"/>. Each has a text of
    /// <see cref="BenchText.Bytes"/> bytes that begins with <paramref name="intendedAt"/>.
    /// </summary>
    /// <param name="first">
    /// Number of the first. A client numbers its sends from 0; the number is part of the client offset.
    /// </param>
    /// <param name="count">How many.</param>
    /// <param name="intendedAt">The stopwatch timestamp at which they were due.</param>
    ValueTask SendAsync(long first, int count, long intendedAt);

    /// <summary>
    /// Reports what arrives. Returns when <paramref name="stop"/> is cancelled or <see cref="IArrivals.CaughtUp"/>
    /// returns false; throws when the connection is lost.
    /// </summary>
    Task ReadAsync(IArrivals arrivals, CancellationToken stop);
}

/// <summary>Takes what one client receives; called only by the task that reads for it.</summary>
internal interface IArrivals
{
    /// <summary>
    /// A message. <paramref name="text"/> is valid during the call only; see <see cref="BenchText"/>.
    /// </summary>
    void Message(long id, ReadOnlySpan<byte> text);

    /// <summary>The send with this number is stored.</summary>
    void Ack(long number);

    /// <summary>The stored messages have arrived, if the protocol says so. Return false to stop reading.</summary>
    bool CaughtUp();

    /// <summary>Everything that arrived together has been reported: time to react to all of it at once.</summary>
    void Pause()
    {
    }
}
