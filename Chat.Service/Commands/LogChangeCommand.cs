using System.CommandLine;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Commands;

/// <summary>What the commands have in common that change the log, in the running service or by themselves.</summary>
internal static class LogChangeCommand
{
    /// <summary>Gives a command its action, and the option <c>--data</c>.</summary>
    /// <param name="guard">Turns the errors of the action into exit codes.</param>
    /// <param name="command">The command, with its arguments and options.</param>
    /// <param name="change">What it does.</param>
    /// <param name="read">Reads what is asked for from the command line.</param>
    public static Command Create<TRequest>(
        Func<Func<Task<int>>, Task<int>> guard, Command command, LogChange<TRequest> change, Func<ParseResult, TRequest> read)
    {
        var data = DataOption.Create();
        command.Options.Add(data);
        return MaintenanceCommand.Create(
            guard,
            command,
            "; what it has done until then stays done",
            async (parsed, progress, interrupted) =>
            {
                var exitCode = ExitCodes.Ok;
                await foreach (var said in change.RunAsync(DataOption.Find(parsed.GetValue(data)), read(parsed), interrupted))
                {
                    if (said.Line is { } line)
                    {
                        Console.WriteLine(line);
                    }

                    if (said.Progress is { } share)
                    {
                        progress.Report(share);
                    }

                    exitCode = said.ExitCode ?? exitCode;
                }

                return exitCode;
            });
    }
}
