using Chat.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Chat.Client;

/// <summary>Everything about a client that can be set.</summary>
public sealed record ChatClientOptions
{
    /// <summary>
    /// Where the service listens, as <c>http://127.0.0.1:5000</c>; with several, the next one is tried when one fails. The first
    /// one names the service for the state file.
    /// </summary>
    public IReadOnlyList<string> Addresses { get; init; } = ["http://127.0.0.1:5000"];

    /// <summary>The sender's name, 1 to 64 characters without controls. With tokens, whom they stand for.</summary>
    public string User { get; init; } = "anonymous";

    /// <summary>
    /// Gives the token for <c>authorization: Bearer …</c>, anew for each attempt to connect and each call; null = the service
    /// wants none, and is told <see cref="User"/>. While it throws, the client waits and tries again.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? TokenProvider { get; init; }

    /// <summary>
    /// The file that keeps unanswered messages and positions, so that they outlive the process; made where it is not there.
    /// It belongs to one service, one sender and one process at a time. Null = both live in memory.
    /// </summary>
    public string? StatePath { get; init; }

    /// <summary>What moves the position in a room.</summary>
    public PositionMoves PositionMoves { get; init; } = PositionMoves.WithNextEvent;

    /// <summary>
    /// The channel to call through, for tests in process; null = each attempt opens a connection of its own to one of
    /// <see cref="Addresses"/>. It is not disposed of.
    /// </summary>
    public ChannelBase? Channel { get; init; }

    /// <summary>Messages without an answer, at most; who sends more waits.</summary>
    public int MaxOutboxMessages { get; init; } = 10_000;

    /// <summary>Bytes of the texts of messages without an answer, at most; who sends more waits.</summary>
    public long MaxOutboxBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Largest text in bytes of UTF-8, as the service has it; checked before a message is kept.</summary>
    public int MaxTextBytes { get; init; } = 16_384;

    /// <summary>
    /// Events that wait for the application. Beyond that its rooms are left until it has taken the half: a slow application
    /// costs a position and no memory.
    /// </summary>
    public int MaxWaitingEvents { get; init; } = 4096;

    /// <summary>Bytes of the texts of those events.</summary>
    public int MaxWaitingEventBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The client comes back after a random time below this, which doubles with each failure.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>What <see cref="ReconnectDelay"/> doubles up to.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that held for so long after all rooms had caught up makes the delay begin anew.</summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a new stream may be silent; its first frame says how long it may be from then on.</summary>
    public TimeSpan FirstFrameTimeout { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How long <see cref="ChatClient.DisposeAsync"/> waits for the answers that are missing.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call for history or rooms may take, with the attempts to repeat it.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Positions and answers that nobody waits for are written together, at most so long after they came.</summary>
    public TimeSpan LazyWriteDelay { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the client writes its log; null = nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Spreads the delays.</summary>
    internal Random Random { get; init; } = Random.Shared;

    /// <exception cref="ArgumentException">An option is out of range; the message names it, with its value.</exception>
    internal void Check()
    {
        if (Addresses.Count == 0)
        {
            throw new ArgumentException("Addresses is empty; give one, as http://127.0.0.1:5000");
        }

        foreach (var address in Addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException($"the address '{address}' is none; give one with its scheme, as http://127.0.0.1:5000");
            }
        }

        if (!Names.IsSender(User))
        {
            throw new ArgumentException($"the user '{User}' is no name: {Names.SenderForm}");
        }

        AtLeast(1, MaxOutboxMessages, nameof(MaxOutboxMessages));
        AtLeast(1, MaxOutboxBytes, nameof(MaxOutboxBytes));
        AtLeast(1, MaxTextBytes, nameof(MaxTextBytes));
        AtLeast(2, MaxWaitingEvents, nameof(MaxWaitingEvents));
        AtLeast(2, MaxWaitingEventBytes, nameof(MaxWaitingEventBytes));
        Positive(ReconnectDelay, nameof(ReconnectDelay));
        Positive(MaxReconnectDelay, nameof(MaxReconnectDelay));
        Positive(ConnectTimeout, nameof(ConnectTimeout));
        Positive(FirstFrameTimeout, nameof(FirstFrameTimeout));
        Positive(CallTimeout, nameof(CallTimeout));
        Positive(LazyWriteDelay, nameof(LazyWriteDelay));
        Positive(HealthyAfter + TimeSpan.FromTicks(1), nameof(HealthyAfter));
        Positive(FlushTimeout + TimeSpan.FromTicks(1), nameof(FlushTimeout));
    }

    private static void AtLeast(long least, long value, string name)
    {
        if (value < least)
        {
            throw new ArgumentException($"{name} is {value}, and must be at least {least}");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        // What timers take.
        if (value <= TimeSpan.Zero || value.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentException($"{name} is {value}, and must be more than nothing and less than 24 days");
        }
    }
}

/// <summary>What moves the position in a room, after which a client that comes back goes on.</summary>
public enum PositionMoves
{
    /// <summary>Taking the next event: the one before is done. A process that dies gets the last ones again.</summary>
    WithNextEvent,

    /// <summary><see cref="ChatClient.AckAsync(ChatMessage)"/> alone.</summary>
    WithAck,
}
