using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// Rights that the application's own handler decides. It is asked once per call, room and kind of access.
/// </summary>
internal sealed class DecidedRights(IServiceScopeFactory scopes, ClaimsPrincipal user) : IRoomRights
{
    private static readonly RoomAccessRequirement[] Read = [new(RoomAccess.Read)];
    private static readonly RoomAccessRequirement[] Write = [new(RoomAccess.Write)];

    // A stream joins a bounded number of rooms, but may send to any. Beyond this, the handler is asked again.
    private const int MaxDecisions = 10_000;

    private readonly ConcurrentDictionary<(string Room, RoomAccess Access), bool> decisions = [];

    public ValueTask<bool> AllowAsync(string room, RoomAccess access) =>
        decisions.TryGetValue((room, access), out var decided) ? new(decided) : new(DecideAsync(room, access));

    private async Task<bool> DecideAsync(string room, RoomAccess access)
    {
        // A handler may use scoped services, such as a database context, and a stream lives for hours.
        await using var scope = scopes.CreateAsyncScope();
        var result = await scope.ServiceProvider.GetRequiredService<IAuthorizationService>().AuthorizeAsync(
            user, new ChatRoom(room), access == RoomAccess.Read ? Read : Write);
        if (decisions.Count < MaxDecisions)
        {
            decisions[(room, access)] = result.Succeeded;
        }

        return result.Succeeded;
    }
}
