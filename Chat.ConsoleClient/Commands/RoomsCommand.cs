using System.CommandLine;
using System.Globalization;
using Chat.Client;
using Spectre.Console;

namespace Chat.ConsoleClient.Commands;

/// <summary><c>chat rooms</c>: the rooms in which somebody has written; a table on a terminal, and else fields with tabs.</summary>
internal static class RoomsCommand
{
    public static Command Create(CommandRun run)
    {
        var json = CommandRun.Json();
        var command = new Command("rooms", "Lists the rooms in which somebody has written, with their newest ids.") { json };
        command.SetAction(run.Action(CommandRun.ForScripts, (context, given) => RunAsync(context, given.GetValue(json))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, bool json)
    {
        await using var client = ChatClient.Open(context.Options with { StateStore = null }); // To look must send nothing.
        if (!json && !Console.IsOutputRedirected)
        {
            return await ShowAsync(client, context);
        }

        await foreach (var room in client.ListRoomsAsync(context.Stop))
        {
            context.Output.Write(json
                ? MessageLine.JsonOf(room)
                : string.Create(CultureInfo.InvariantCulture, $"{room.Name}\t{room.HeadId}\t{MessageLine.Time(room.LastMessageAt)}"));
        }

        context.Output.Flush();
        return ExitCodes.Ok;
    }

    private static async Task<int> ShowAsync(ChatClient client, CommandContext context)
    {
        var table = new Table().NoBorder()
            .AddColumn("[dim]room[/]")
            .AddColumn(new TableColumn("[dim]messages[/]").RightAligned())
            .AddColumn("[dim]newest[/]");
        await foreach (var room in client.ListRoomsAsync(context.Stop))
        {
            table.AddRow(
                Markup.Escape(TerminalText.Escape(room.Name)),
                room.HeadId.ToString("N0", CultureInfo.InvariantCulture),
                MessageLine.Time(room.LastMessageAt));
        }

        if (table.Rows.Count == 0)
        {
            context.Output.Say("nobody has written yet");
        }
        else
        {
            AnsiConsole.Write(table);
        }

        return ExitCodes.Ok;
    }
}
