using System.Security.Cryptography.X509Certificates;

namespace GrpcChat.Verify.Load;

/// <summary>A load: who calls which service, how much, and for how long.</summary>
internal sealed record LoadOptions
{
    /// <summary>The addresses of one service; each stream takes one of them.</summary>
    public required IReadOnlyList<Uri> Addresses { get; init; }

    /// <summary>Half of the clients send, and half read.</summary>
    public int Clients { get; init; } = 8;

    public int Rooms { get; init; } = 4;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>New messages per second, over all senders.</summary>
    public int Rate { get; init; } = 2000;

    /// <summary>Decides what the clients do. When they do it depends on the service too.</summary>
    public int Seed { get; init; }

    /// <summary>Within this time after the load, everything must be answered, and every reader at the head.</summary>
    public TimeSpan SettleLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Starts the names of the rooms, so that they are nobody else's.</summary>
    public string RoomPrefix { get; init; } = $"verify-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4))}";

    /// <summary>
    /// A file with a bearer token, which is read for each call; null = no token, and each client has a name of its own.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>Trusted instead of the machine's authorities.</summary>
    public X509Certificate2Collection? Authorities { get; init; }
}

/// <summary>There is no service to verify: nothing answers, or it refuses the caller. The message says which.</summary>
internal sealed class ServiceUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A signal came before there was anything to judge.</summary>
internal sealed class InterruptedException(Exception inner) : Exception("interrupted before the load began; nothing was judged", inner);
