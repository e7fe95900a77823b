namespace GrpcChat.AspNetCore.Identity;

/// <summary>What a caller may do in which room: by the claims of its token, or by the application's own handler.</summary>
internal interface IRoomRights
{
    /// <summary>Whether the caller may do this in this room. The answer stays the same for as long as the call lives.</summary>
    ValueTask<bool> AllowAsync(string room, RoomAccess access);
}
