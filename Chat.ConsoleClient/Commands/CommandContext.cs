using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>What every command is given.</summary>
/// <param name="Options">Which service to call, and as whom.</param>
/// <param name="Room">The room.</param>
/// <param name="Wait">How long to wait for a service that does not answer.</param>
/// <param name="Output">Where to write.</param>
/// <param name="Stopping">Cancelled when the command is interrupted.</param>
internal sealed record CommandContext(
    ChatClientOptions Options, string Room, TimeSpan Wait, Output Output, CancellationToken Stopping);
