using System.CommandLine;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat rooms</c>: lists the rooms, as a table on a terminal and otherwise as fields separated by tabs.
/// </summary>
internal static class RoomsCommand
{
    private const string Help = """
        Usage: chat rooms [OPTIONS]

        Lists the rooms: name, number of messages, time of the newest one. A room exists
        from its first message.

        Options:
          --json                 write the JSON form of proto3, one object per line
        {shared options}
        """;

    public static Command Create(CommandRunner runner)
    {
        var json = CommandOptions.CreateJson();
        var command = new Command("rooms", Help) { json };
        command.SetAction(runner.CreateAction(CommandRunner.ScriptWait, (context, parsed) =>
            RunAsync(context, parsed.GetValue(json))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, bool json)
    {
        // Without the state file, because reading must not send what waits there.
        await using var client = ChatClient.Open(context.Options with { StateStore = null });
        if (!json && !Console.IsOutputRedirected)
        {
            WriteTable(await client.ListRoomsAsync(context.Stopping).ToListAsync(), context.Output);
            return ExitCodes.Ok;
        }

        await foreach (var room in client.ListRoomsAsync(context.Stopping))
        {
            context.Output.Write(json
                ? MessageFormat.FormatJson(room)
                : $"{room.Name}\t{room.HeadId}\t{MessageFormat.FormatTime(room.LastMessageAt)}");
        }

        context.Output.Flush();
        return ExitCodes.Ok;
    }

    private static void WriteTable(List<RoomInfo> rooms, Output output)
    {
        if (rooms.Count == 0)
        {
            output.Say("there are no rooms yet");
            return;
        }

        string[][] rows =
        [
            ["ROOM", "MESSAGES", "NEWEST"],
            .. rooms.Select(room => (string[])
            [
                TerminalText.Escape(room.Name),
                MessageFormat.FormatCount(room.HeadId),
                MessageFormat.FormatTime(room.LastMessageAt),
            ]),
        ];
        var (names, counts) = (rows.Max(row => row[0].Length), rows.Max(row => row[1].Length));
        foreach (var row in rows)
        {
            output.Write($"{row[0].PadRight(names)}  {row[1].PadLeft(counts)}  {row[2]}");
        }

        output.Flush();
    }
}
