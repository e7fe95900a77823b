using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat status</c>: shows whether the service can read and store messages, how fast it answers, and what it
/// contains.
/// </summary>
internal static class StatusCommand
{
    private const string Help = """
        Usage: chat status [OPTIONS]

        Shows whether the service can read and store messages, how fast it answers, and
        how many rooms it has. Exits with 1 if it cannot do both now.

        Options:
          --json                 write one JSON object
        {shared options}

        Examples:
          chat status
          chat status --json | jq .latencyMs
        """;

    public static Command Create(CommandRunner runner)
    {
        var json = CommandOptions.CreateJson();
        var command = new Command("status", Help) { json };
        command.SetAction(runner.CreateAction(
            CommandRunner.ScriptWait, (context, parsed) => RunAsync(context, parsed.GetValue(json)), endsWithOutput: false));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, bool json)
    {
        var status = await ReadAsync(context);
        try
        {
            Write(status, json, context.Output);
            context.Output.Flush();
        }
        catch (OutputClosedException)
        {
            // The exit code is an answer by itself, also for who reads no more than the first line.
        }

        return status.Serving ? ExitCodes.Ok : ExitCodes.Incomplete;
    }

    private static async Task<ServiceStatus> ReadAsync(CommandContext context)
    {
        // Without the state file, because reading must not send what waits there.
        await using var client = ChatClient.Open(context.Options with { StateStore = null });
        var (canRead, canSend) = (await client.CanReadAsync(context.Stopping), await client.CanSendAsync(context.Stopping));
        var startedAt = context.Options.TimeProvider.GetTimestamp();
        var page = await client.ReadHistoryAsync(context.Room, null, 1, context.Stopping);
        var elapsed = context.Options.TimeProvider.GetElapsedTime(startedAt);
        var (count, newest) = (0, default(RoomInfo));
        await foreach (var room in client.ListRoomsAsync(context.Stopping))
        {
            count++;
            newest = newest is null || newest.LastMessageAt < room.LastMessageAt ? room : newest;
        }

        return new(
            context.Options.Addresses,
            canRead && canSend,
            canRead,
            canSend,
            Math.Round(elapsed.TotalMilliseconds, 1),
            page.LogId,
            count,
            newest?.Name,
            newest?.LastMessageAt.UtcDateTime);
    }

    private static void Write(ServiceStatus status, bool json, Output output)
    {
        if (json)
        {
            output.Write(JsonSerializer.Serialize(status, JsonSerializerOptions.Web));
            return;
        }

        output.Write($"service  {string.Join(", ", status.Addresses)}");
        output.Write($"state    {Describe(status)}");
        output.Write(string.Create(CultureInfo.InvariantCulture, $"latency  {status.LatencyMs:0.0} ms"));
        output.Write($"log      {TerminalText.Escape(status.LogId)}");
        output.Write(status is { NewestRoom: { } room, NewestMessageAt: { } at }
            ? $"rooms    {MessageFormat.FormatCount(status.Rooms)}, newest message {MessageFormat.FormatTime(at)}"
                + $" in {TerminalText.Escape(room)}"
            : "rooms    0");
    }

    private static string Describe(ServiceStatus status) => (status.CanRead, status.CanSend) switch
    {
        (true, true) => "serving",
        (true, false) => "not serving: it cannot store messages now",
        (false, true) => "not serving: it cannot read everything that it stored",
        _ => "not serving: it can neither read nor store messages now",
    };

    /// <summary>What the command shows; with <c>--json</c>, by these names.</summary>
    private sealed record ServiceStatus(
        IReadOnlyList<string> Addresses,
        bool Serving,
        bool CanRead,
        bool CanSend,
        double LatencyMs,
        string LogId,
        int Rooms,
        string? NewestRoom,
        DateTime? NewestMessageAt);
}
