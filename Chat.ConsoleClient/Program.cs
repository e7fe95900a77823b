using Chat.ConsoleClient;
using Chat.ConsoleClient.Commands;

using var output = new Output();
var run = new CommandRun(output);
return await run.InvokeAsync(
    ChatCommand.Create(run),
    [
        SendCommand.Create(run),
        TailCommand.Create(run),
        HistoryCommand.Create(run),
        RoomsCommand.Create(run),
        StatusCommand.Create(run),
        CompletionCommand.Create(),
    ],
    args);
