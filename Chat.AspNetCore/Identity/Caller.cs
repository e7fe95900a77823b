namespace GrpcChat.AspNetCore.Identity;

/// <summary>Who calls. It is made once, at the door, and is all that sessions and queries know of it.</summary>
/// <param name="Sender">The name that its messages carry.</param>
/// <param name="Rights">What it may do in which room.</param>
/// <param name="ExpiresAt">When its credentials stop being accepted. Null = never.</param>
/// <param name="IsAuthenticated">Whether somebody has checked the name.</param>
internal sealed record Caller(string Sender, IRoomRights Rights, DateTimeOffset? ExpiresAt, bool IsAuthenticated)
{
    /// <summary>The name of a caller that gives none.</summary>
    public const string AnonymousName = "anonymous";

    /// <summary>A caller whose name nobody has checked, in a service without authentication. It may do everything.</summary>
    /// <param name="displayName">The name that it gives; null = none.</param>
    public static Caller Anonymous(string? displayName) =>
        new(displayName ?? AnonymousName, ClaimedRights.All, ExpiresAt: null, IsAuthenticated: false);
}
