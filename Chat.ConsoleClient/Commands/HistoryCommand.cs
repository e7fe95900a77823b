using System.CommandLine;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat history</c>: writes the newest messages of a room, or those before an id. Ids have no holes, so the command
/// knows where to start, and reads forwards page by page.
/// </summary>
internal static class HistoryCommand
{
    private const int PageSize = 1000;
    private const int DefaultLimit = 50;

    private const string Help = """
        Usage: chat history [OPTIONS]

        Writes the newest messages of a room, oldest first. A line has id, date, time,
        sender and text.

        Options:
          --limit COUNT          maximum number of messages [50]
          --before ID            write the messages before the one with this id
          --json                 write the JSON form of proto3, one object per line
        {shared options}

        Examples:
          chat history --room ops --limit 200
          chat history --room ops --before 1000 --json
        """;

    public static Command Create(CommandRunner runner)
    {
        var limit = CommandOptions.CreateNumber("--limit", min: 1);
        var before = CommandOptions.CreateNumber("--before", min: 1);
        var json = CommandOptions.CreateJson();
        var command = new Command("history", Help) { limit, before, json };
        command.SetAction(runner.CreateAction(CommandRunner.ScriptWait, (context, parsed) =>
            RunAsync(context, parsed.GetValue(limit) ?? DefaultLimit, parsed.GetValue(before), parsed.GetValue(json))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, long limit, long? before, bool json)
    {
        // Without the state file, because reading must not send what waits there.
        await using var client = ChatClient.Open(context.Options with { StateStore = null });
        var newest = await client.ReadHistoryAsync(context.Room, before, 1, context.Stopping);
        var last = Math.Min(newest.HeadId, before is { } id ? id - 1 : long.MaxValue);
        var after = Math.Max(newest.OldestId - 1, last - limit);
        while (after < last)
        {
            var page = await client.ReadHistoryAfterAsync(
                context.Room, after, (int)Math.Min(PageSize, last - after), context.Stopping);
            if (page.LogId != newest.LogId)
            {
                context.Output.Say("the service has a different log now; repeat the command");
                return ExitCodes.Refused;
            }

            foreach (var message in page.Messages)
            {
                context.Output.Write(json ? MessageFormat.FormatJson(message) : MessageFormat.FormatText(message));
            }

            context.Output.Flush();
            if (page.Messages.Count == 0)
            {
                break;
            }

            after = page.Messages[^1].Id;
        }

        return ExitCodes.Ok;
    }
}
