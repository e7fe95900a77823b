using System.CommandLine;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Commands;

/// <summary>What the commands have in common that change the log, in the running service or by themselves.</summary>
internal static class LogChangeCommand
{
    /// <summary>Gives a command its action, and the options <c>--data</c> and <c>--log</c>.</summary>
    /// <param name="guard">Turns the errors of the action into exit codes.</param>
    /// <param name="command">The command, with its arguments and options.</param>
    /// <param name="change">What it does.</param>
    /// <param name="read">Reads what is asked for from the command line.</param>
    public static Command Create<TRequest>(
        Func<Func<Task<int>>, Task<int>> guard, Command command, LogChange<TRequest> change, Func<ParseResult, TRequest> read)
    {
        var choice = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            "; what it has done until then stays done",
            async (parsed, progress, interrupted) =>
            {
                var exitCode = ExitCodes.Ok;
                var request = read(parsed);

                // A database is changed beside the services that have it open.
                var events = choice.FindDatabase(parsed) is { } connection
                    ? change.RunHereAsync(new MessageLogDatabase(connection), request, interrupted)
                    : change.RunAsync(choice.DirectoryOf(parsed), request, interrupted);
                await foreach (var said in events)
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
