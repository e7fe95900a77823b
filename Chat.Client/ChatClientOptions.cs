using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using GrpcChat.Client.State;
using GrpcChat.V1;
using Microsoft.Extensions.Logging;

namespace GrpcChat.Client;

/// <summary>The options of a client.</summary>
public sealed record ChatClientOptions
{
    /// <summary>
    /// The addresses of the service's nodes, for example <c>http://127.0.0.1:5000</c>. If the host name in an address has
    /// several IP addresses, each of them is a node. The client begins with any node, and goes on with any other one when
    /// that one fails or stops. All nodes must share one log.
    /// </summary>
    public IReadOnlyList<string> Addresses { get; init; } = ["http://127.0.0.1:5000"];

    /// <summary>
    /// The sender's name: 1 to 64 characters without control characters. With tokens, the name that they stand for.
    /// </summary>
    public string User { get; init; } = "anonymous";

    /// <summary>
    /// Returns the token for <c>authorization: Bearer …</c>. The client asks for one before each connection and each
    /// call and, if the token is a JSON Web Token, shortly before it expires; it then moves to a new stream. Null if
    /// the service needs no token; the client then sends <see cref="User"/>. If the provider throws, the client waits
    /// and asks again. If the service refuses a token, the client asks for another one.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? TokenProvider { get; init; }

    /// <summary>
    /// Whether a token may go to an address with <c>http</c> on another machine, where everybody on the way can read
    /// it. Set it only if the network itself encrypts.
    /// </summary>
    public bool AllowPlaintextTokens { get; init; }

    /// <summary>
    /// The client halts when the service has refused this many tokens in a row, or the same token twice.
    /// </summary>
    public int MaxRefusedTokens { get; init; } = 5;

    /// <summary>
    /// The authorities that may have issued the service's certificate, instead of those that this machine trusts. Null
    /// for the latter.
    /// </summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>
    /// The certificate, with its private key, that names the caller to a service that accepts client certificates. The
    /// client does not send <see cref="User"/> then, and does not dispose of the certificate. Null for none.
    /// </summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>
    /// Where unanswered messages and positions are kept when the process ends, for example a <c>SqliteStateStore</c> of
    /// package GrpcChat.Client.Sqlite. Null to keep both in memory.
    /// </summary>
    public ClientStateStore? StateStore { get; init; }

    /// <summary>
    /// The name of the service that the state in <see cref="StateStore"/> belongs to, 1 to 256 characters without
    /// control characters. Null for the one of <see cref="Addresses"/> that is first in alphabetical order. To take a state
    /// to new addresses, give its old name.
    /// </summary>
    public string? StateName { get; init; }

    /// <summary>How the position in a room moves.</summary>
    public CommitMode CommitMode { get; init; } = CommitMode.Auto;

    /// <summary>
    /// The channel to call through, for tests within one process. Null to open a connection of its own to one of
    /// <see cref="Addresses"/> for each attempt. The client does not dispose of it.
    /// </summary>
    public ChannelBase? Channel { get; init; }

    /// <summary>The maximum number of messages without an answer. At this limit, senders wait.</summary>
    public int MaxOutboxMessages { get; init; } = 10_000;

    /// <summary>
    /// The maximum size, in bytes, of the texts of messages without an answer. At this limit, senders wait.
    /// </summary>
    public long MaxOutboxBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// The maximum size of a text in bytes of UTF-8. Set it to the service's limit; the client checks it before it
    /// keeps a message.
    /// </summary>
    public int MaxTextBytes { get; init; } = 16_384;

    /// <summary>
    /// The maximum number of events that wait for the application. At this limit, the client leaves its rooms until the
    /// application has read half of the events, so a slow application costs no memory.
    /// </summary>
    public int MaxQueuedEvents { get; init; } = 4096;

    /// <summary>The maximum size, in bytes, of the texts of the events that wait for the application.</summary>
    public int MaxQueuedEventBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// The client reconnects after a random time below this limit, which doubles with each failure.
    /// </summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>The limit up to which <see cref="ReconnectDelay"/> doubles.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The delay starts again at <see cref="ReconnectDelay"/> after a connection that has stored or delivered a
    /// message, or has lasted this long since all rooms caught up.
    /// </summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time limit for opening a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The time limit for the first frame of a stream. That frame tells how long the service may be silent afterwards. If
    /// there are several nodes, the limit is <see cref="ConnectTimeout"/>, unless this one is shorter.
    /// </summary>
    public TimeSpan FirstFrameTimeout { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How long <see cref="ChatClient.DisposeAsync"/> waits for outstanding answers.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time limit for a call for history or rooms, including repeated attempts.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the client may delay a write that nobody waits for (positions and answers), to combine it with others.
    /// </summary>
    public TimeSpan LazyWriteDelay { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The destination of the client's log; null for none.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The source of random delays.</summary>
    internal Random Random { get; init; } = Random.Shared;

    /// <summary>Finds the IP addresses of a host name.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>
    /// The service that the state belongs to; an address in its canonical form. The order of the addresses does not matter.
    /// </summary>
    internal string ServiceName => StateName
        ?? Addresses.Select(address => new Uri(address).GetLeftPart(UriPartial.Authority)).Min(StringComparer.Ordinal)!;

    /// <exception cref="ArgumentException">An option is invalid; the message names it and its value.</exception>
    internal void Validate()
    {
        if (Addresses.Count == 0)
        {
            throw new ArgumentException(
                "Addresses is empty; give at least one address, for example http://127.0.0.1:5000");
        }

        foreach (var address in Addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException(
                    $"'{address}' is not a valid address; give a URL with http or https, "
                        + "for example http://127.0.0.1:5000");
            }

            if (TokenProvider is not null && Channel is null && !AllowPlaintextTokens && uri.Scheme == "http" && !uri.IsLoopback)
            {
                throw new ArgumentException(
                    $"'{address}' would carry the token in clear text; use an address with https, or set "
                        + "AllowPlaintextTokens if the network itself encrypts");
            }
        }

        if (!Names.IsSender(User))
        {
            throw new ArgumentException($"'{User}' is not a valid user name: {Names.SenderForm}");
        }

        if (StateName is { } name && (name.Length is 0 or > 256 || name.Any(char.IsControl)))
        {
            throw new ArgumentException(
                $"StateName is '{Names.Truncate(name)}'; it must have 1 to 256 characters without control characters");
        }

        ThrowIfLess(1, MaxRefusedTokens, nameof(MaxRefusedTokens));
        ThrowIfLess(1, MaxOutboxMessages, nameof(MaxOutboxMessages));
        ThrowIfLess(1, MaxOutboxBytes, nameof(MaxOutboxBytes));
        ThrowIfLess(1, MaxTextBytes, nameof(MaxTextBytes));
        ThrowIfLess(2, MaxQueuedEvents, nameof(MaxQueuedEvents));
        ThrowIfLess(2, MaxQueuedEventBytes, nameof(MaxQueuedEventBytes));
        ThrowIfNotPositive(ReconnectDelay, nameof(ReconnectDelay));
        ThrowIfNotPositive(MaxReconnectDelay, nameof(MaxReconnectDelay));
        ThrowIfNotPositive(ConnectTimeout, nameof(ConnectTimeout));
        ThrowIfNotPositive(FirstFrameTimeout, nameof(FirstFrameTimeout));
        ThrowIfNotPositive(CallTimeout, nameof(CallTimeout));
        ThrowIfNotPositive(LazyWriteDelay, nameof(LazyWriteDelay));
        ThrowIfNegative(HealthyAfter, nameof(HealthyAfter));
        ThrowIfNegative(FlushTimeout, nameof(FlushTimeout));
    }

    private static void ThrowIfLess(long least, long value, string name)
    {
        if (value < least)
        {
            throw new ArgumentException($"{name} is {value}; it must be at least {least}");
        }
    }

    private static void ThrowIfNotPositive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || ExceedsTimers(value))
        {
            throw new ArgumentException($"{name} is {value}; it must be more than zero and less than 24 days");
        }
    }

    private static void ThrowIfNegative(TimeSpan value, string name)
    {
        if (value < TimeSpan.Zero || ExceedsTimers(value))
        {
            throw new ArgumentException($"{name} is {value}; it must not be negative and must be less than 24 days");
        }
    }

    private static bool ExceedsTimers(TimeSpan value) => value.TotalMilliseconds > int.MaxValue;
}

/// <summary>How the position in a room moves. After a restart, the client continues after the position.</summary>
public enum CommitMode
{
    /// <summary>
    /// Reading the next event commits the one before. A process that is killed receives the last messages again.
    /// </summary>
    Auto,

    /// <summary>Only <see cref="ChatClient.CommitAsync(ChatMessage)"/> moves the position.</summary>
    Manual,
}
