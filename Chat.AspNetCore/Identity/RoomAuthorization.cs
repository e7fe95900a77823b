using System.Security.Claims;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>Stands for the application's own handler, which decides on rooms.</summary>
internal sealed class RoomAuthorization(IServiceScopeFactory scopes)
{
    /// <summary>The rights of a user, decided by the handler.</summary>
    public IRoomRights RightsOf(ClaimsPrincipal user) => new DecidedRights(scopes, user);
}
