using System.CommandLine;
using Chat.Client;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// <c>chat history</c>: writes the newest messages of a room, or those before an id. As ids have no holes, it knows where to
/// begin, and reads forwards, a page at a time.
/// </summary>
internal static class HistoryCommand
{
    private const int PageSize = 1000;

    public static Command Create(CommandRun run)
    {
        var limit = new Option<long>("--limit")
        {
            Description = "At most so many messages",
            HelpName = "count",
            DefaultValueFactory = _ => 50,
        };
        var before = new Option<long?>("--before") { Description = "The messages before this id", HelpName = "id" };
        var json = CommandRun.Json();
        CommandRun.AtLeast(limit, 1);
        CommandRun.AtLeast(before, 1);
        var command = new Command("history", "Writes the newest messages of a room, oldest first.") { limit, before, json };
        CommandHelp.Show(
            command,
            "chat history --room ops --limit 200",
            "chat history --room ops --before 1000 --json");
        command.SetAction(run.Action(CommandRun.ForScripts, (context, given) =>
            RunAsync(context, given.GetValue(limit), given.GetValue(before), given.GetValue(json))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, long limit, long? before, bool json)
    {
        await using var client = ChatClient.Open(context.Options with { StateStore = null }); // To look must send nothing.
        var newest = await client.ReadHistoryAsync(context.Room, before, 1, context.Stop);
        var last = Math.Min(newest.HeadId, before is { } id ? id - 1 : long.MaxValue);
        var after = Math.Max(newest.OldestId - 1, last - limit);
        while (after < last)
        {
            var page = await client.ReadHistoryAfterAsync(
                context.Room, after, (int)Math.Min(PageSize, last - after), context.Stop);
            if (page.LogId != newest.LogId)
            {
                context.Output.Say("the service has another log now; begin again");
                return ExitCodes.Refused;
            }

            foreach (var message in page.Messages)
            {
                context.Output.Write(json ? MessageLine.JsonOf(message) : MessageLine.Of(message));
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
