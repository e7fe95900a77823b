using System.CommandLine;
using System.Globalization;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat status</c>: shows whether the service can store messages, how fast it answers, and what it contains.
/// </summary>
internal static class StatusCommand
{
    private const string Help = """
        Usage: chat status [OPTIONS]

        Shows whether the service can store messages, how fast it answers, and how many
        rooms it has. Exits with 1 if the service cannot store messages now.

        Options:
        {shared options}
        """;

    public static Command Create(CommandRunner runner)
    {
        var command = new Command("status", Help);
        command.SetAction(runner.CreateAction(CommandRunner.ScriptWait, (context, _) => RunAsync(context)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        // Without the state file, because reading must not send what waits there.
        await using var client = ChatClient.Open(context.Options with { StateStore = null });
        var isServing = await client.IsServingAsync(context.Stopping);
        var startedAt = context.Options.TimeProvider.GetTimestamp();
        var page = await client.ReadHistoryAsync(context.Room, null, 1, context.Stopping);
        var elapsed = context.Options.TimeProvider.GetElapsedTime(startedAt);
        var (count, newest) = (0, default(RoomInfo));
        await foreach (var room in client.ListRoomsAsync(context.Stopping))
        {
            count++;
            newest = newest is null || newest.LastMessageAt < room.LastMessageAt ? room : newest;
        }

        var output = context.Output;
        output.Write($"service  {string.Join(", ", context.Options.Addresses)}");
        output.Write($"state    {(isServing ? "serving" : "not serving: it cannot store messages now")}");
        output.Write(string.Create(CultureInfo.InvariantCulture, $"latency  {elapsed.TotalMilliseconds:0.0} ms"));
        output.Write($"log      {TerminalText.Escape(page.LogId)}");
        output.Write(newest is null
            ? "rooms    0"
            : $"rooms    {MessageFormat.FormatCount(count)}, newest message {MessageFormat.FormatTime(newest.LastMessageAt)}"
                + $" in {TerminalText.Escape(newest.Name)}");
        output.Flush();
        return isServing ? ExitCodes.Ok : ExitCodes.Incomplete;
    }
}
