namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// What a caller may do in which room: by the claims of its token, or by the application's own handler.
/// </summary>
internal interface IRoomRights
{
    /// <summary>
    /// Whether the caller may do this in this room. The answer stays the same for as long as the call lives.
    /// </summary>
    ValueTask<bool> AllowAsync(string room, RoomAccess access);

    /// <summary>
    /// A name that a list of rooms may go on after instead of <paramref name="after"/>, because no room up to it can be
    /// read. Null if no later room can be read at all.
    /// </summary>
    string? SkipUnreadable(string after) => after;
}
