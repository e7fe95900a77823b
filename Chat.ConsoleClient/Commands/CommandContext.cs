using Chat.Client;

namespace Chat.ConsoleClient.Commands;

/// <summary>What every command gets.</summary>
/// <param name="Options">Whom to call, as whom.</param>
/// <param name="Room">The room.</param>
/// <param name="Wait">How long to go on without a connection; infinite = for ever.</param>
/// <param name="Output">Where to write.</param>
/// <param name="Stop">Set when the command is interrupted.</param>
internal sealed record CommandContext(
    ChatClientOptions Options, string Room, TimeSpan Wait, Output Output, CancellationToken Stop);
