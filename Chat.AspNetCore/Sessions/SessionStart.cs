using GrpcChat.AspNetCore.Identity;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>What a client says when it opens a stream, whichever door it comes through.</summary>
/// <param name="Caller">Who it is.</param>
/// <param name="FirstRoom">The room to join first, which is also that of sends that name none. Null = none.</param>
/// <param name="Position">Where the first join starts.</param>
internal sealed record SessionStart(Caller Caller, string? FirstRoom, StartPosition Position);
