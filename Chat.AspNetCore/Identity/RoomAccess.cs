using Microsoft.AspNetCore.Authorization;

namespace GrpcChat.AspNetCore;

/// <summary>What somebody may do in a room.</summary>
public enum RoomAccess
{
    /// <summary>Join the room, read its history and see it in the list of rooms.</summary>
    Read,

    /// <summary>Send to the room.</summary>
    Write,
}

/// <summary>A room, as the resource of an authorization decision.</summary>
/// <param name="name">The room's name. The room may not exist yet.</param>
public sealed class ChatRoom(string name)
{
    /// <summary>The room's name.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// The requirement that an application's own <see cref="AuthorizationHandler{TRequirement, TResource}"/> decides on,
/// for the resource <see cref="ChatRoom"/>. Add the handler with
/// <c>services.AddGrpcChatRoomAuthorization&lt;THandler&gt;()</c>.
/// </summary>
/// <param name="access">What the caller wants to do.</param>
public sealed class RoomAccessRequirement(RoomAccess access) : IAuthorizationRequirement
{
    /// <summary>What the caller wants to do.</summary>
    public RoomAccess Access { get; } = access;
}
