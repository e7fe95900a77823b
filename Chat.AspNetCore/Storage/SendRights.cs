namespace GrpcChat.AspNetCore.Storage;

/// <summary>Who sends.</summary>
/// <param name="Sender">The name that the message carries.</param>
/// <param name="Quota">See <see cref="Append.Quota"/>.</param>
/// <param name="MayWrite">Whether the sender may write to the room.</param>
internal readonly record struct SendRights(string Sender, string? Quota, bool MayWrite);
