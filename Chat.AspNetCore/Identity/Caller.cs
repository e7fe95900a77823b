using System.Net;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>Who calls. It is made once, at the door, and is all that sessions and queries know of it.</summary>
/// <param name="Sender">The name that its messages carry.</param>
/// <param name="Rights">What it may do in which room.</param>
/// <param name="ExpiresAt">When its credentials stop being accepted. Null = never.</param>
/// <param name="IsAuthenticated">Whether somebody has checked the name.</param>
internal sealed record Caller(string Sender, IRoomRights Rights, DateTimeOffset? ExpiresAt, bool IsAuthenticated)
{
    /// <summary>
    /// Whose limits the caller uses up: its own, or those of its address, because a name that nobody has checked can be
    /// another one in every call. Null = nothing tells callers apart: they are without names, on this machine.
    /// </summary>
    public string? Quota { get; private init; } = IsAuthenticated ? Sender : null;

    /// <summary>The name of a caller that gives none.</summary>
    public const string AnonymousName = "anonymous";

    /// <summary>
    /// A caller whose name nobody has checked, in a service without authentication. It may do everything.
    /// </summary>
    /// <param name="displayName">The name that it gives; null = none.</param>
    /// <param name="address">Where it calls from; null = unknown.</param>
    public static Caller Anonymous(string? displayName, IPAddress? address = null)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return new(displayName ?? AnonymousName, ClaimedRights.All, ExpiresAt: null, IsAuthenticated: false)
        {
            // Everybody on this machine has one of these two, so they are nobody's.
            Quota = IPAddress.Loopback.Equals(plain) || IPAddress.IPv6Loopback.Equals(plain) ? null : plain?.ToString(),
        };
    }
}
