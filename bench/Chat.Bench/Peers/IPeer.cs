namespace Chat.Bench.Peers;

/// <summary>
/// A program that can be measured: started anew for every round, as a process of its own with a new database, and
/// spoken to over its own protocol.
/// </summary>
internal interface IPeer
{
    /// <summary>As it stands in tables: grpcchat, tutorial, tutorial-wal, signalr, limit-grpc.</summary>
    string Name { get; }

    /// <summary>Starts it; returns when it listens.</summary>
    Task<IPeerServer> StartAsync(PeerSetup setup);
}

/// <summary>What a peer is started with.</summary>
internal sealed record PeerSetup
{
    /// <summary>
    /// So many messages of <see cref="BenchText.Bytes"/> bytes are in <see cref="Rooms"/>, in turn, before it starts;
    /// written into its database directly, because a peer may need minutes to take them.
    /// </summary>
    public int Stored { get; init; }

    /// <summary>The rooms that have those; a peer without rooms has one.</summary>
    public IReadOnlyList<string> Rooms { get; init; } = [ClientSetup.DefaultRoom];

    /// <summary>Added to the environment of its process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>A peer that runs; disposing kills it and deletes its database.</summary>
internal interface IPeerServer : IAsyncDisposable
{
    /// <summary>Of the server's process alone.</summary>
    ProcessUsage Usage { get; }

    /// <summary>Its database, to look at when it has stopped; null where it has none.</summary>
    string? Database { get; }

    /// <summary>Opens a client on a connection of its own; returns when it may send and, if it reads, follows its room.</summary>
    Task<IPeerClient> ConnectAsync(ClientSetup setup);

    /// <summary>Asks the process to end, and waits until it has; <see cref="Database"/> is then whole.</summary>
    Task StopAsync();
}

/// <summary>Who a client is and what it wants.</summary>
/// <param name="Name">The user.</param>
internal sealed record ClientSetup(string Name)
{
    public const string DefaultRoom = "bench";

    /// <summary>Where it sends, and what it reads.</summary>
    public string Room { get; init; } = DefaultRoom;

    /// <summary>False = it gets no messages, only the acks of its own.</summary>
    public bool Reads { get; init; }

    /// <summary>It gets the messages with ids greater than this; -1 = what comes from now on.</summary>
    public long After { get; init; } = -1;
}

/// <summary>One connection. One task may send while another reads.</summary>
internal interface IPeerClient : IAsyncDisposable
{
    /// <summary>
    /// Sends messages numbered from <paramref name="first"/> on, without waiting for their acks. Each has a text of
    /// <see cref="BenchText.Bytes"/> bytes that begins with <paramref name="intendedAt"/>.
    /// </summary>
    /// <param name="first">Number of the first; a client's numbers count up from 0, and are (part of) the dedupe key.</param>
    /// <param name="count">How many.</param>
    /// <param name="intendedAt">The stopwatch's timestamp at which they were to be sent.</param>
    ValueTask SendAsync(long first, int count, long intendedAt);

    /// <summary>
    /// Reports what arrives until <paramref name="stop"/> fires (then it just returns) or
    /// <see cref="IArrivals.CaughtUp"/> answers false. Throws when the connection is lost.
    /// </summary>
    Task ReadAsync(IArrivals arrivals, CancellationToken stop);
}

/// <summary>What one client hears. Called by its one reading task.</summary>
internal interface IArrivals
{
    /// <summary>A message; <paramref name="text"/> lives only as long as the call. Its first 16 bytes are <see cref="BenchText"/>'s timestamp.</summary>
    void Message(long id, ReadOnlySpan<byte> text);

    /// <summary>The send with this number is stored.</summary>
    void Ack(long number);

    /// <summary>Where the protocol says so: everything old has come. False = stop reading.</summary>
    bool CaughtUp();

    /// <summary>All that came at once has been reported: now is the time to act on it, once for all of it.</summary>
    void Pause()
    {
    }
}
