using System.CommandLine;
using System.Globalization;
using Chat.Client;

namespace Chat.ConsoleClient.Commands;

/// <summary><c>chat status</c>: whether the service serves, how fast it answers, and what it has.</summary>
internal static class StatusCommand
{
    public static Command Create(CommandRun run)
    {
        var command = new Command("status", "Shows whether the service serves, how fast it answers, and what it has.");
        command.SetAction(run.Action(CommandRun.ForScripts, (context, _) => RunAsync(context)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        // Without the state file: to look must send nothing.
        await using var client = ChatClient.Open(context.Options with { StateStore = null });
        var isServing = await client.IsServingAsync(context.Stop);
        var begun = context.Options.TimeProvider.GetTimestamp();
        var room = await client.ReadHistoryAsync(context.Room, null, 1, context.Stop);
        var took = context.Options.TimeProvider.GetElapsedTime(begun);
        var (rooms, newest) = (0, default(RoomInfo));
        await foreach (var found in client.ListRoomsAsync(context.Stop))
        {
            rooms++;
            newest = newest is null || newest.LastMessageAt < found.LastMessageAt ? found : newest;
        }

        var output = context.Output;
        output.Write($"service  {string.Join(", ", context.Options.Addresses)}");
        output.Write($"state    {(isServing ? "serving" : "not serving: it can't store messages now")}");
        output.Write(string.Create(CultureInfo.InvariantCulture, $"answers  in {took.TotalMilliseconds:0.0} ms"));
        output.Write($"log      {TerminalText.Escape(room.LogId)}");
        output.Write(newest is null
            ? "rooms    0"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"rooms    {rooms:N0}, newest message {MessageLine.Time(newest.LastMessageAt)} in {TerminalText.Escape(newest.Name)}"));
        output.Flush();
        return isServing ? ExitCodes.Ok : ExitCodes.NotAll;
    }
}
