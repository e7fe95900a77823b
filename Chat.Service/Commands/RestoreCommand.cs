using System.CommandLine;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service restore</c>: makes a log of a backup.</summary>
internal static class RestoreCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var file = new Argument<string>("FILE") { Description = "The backup" };
        var command = new Command("restore", "Make a message log of a backup, in a directory without one") { file };
        var choice = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            (parsed, progress, interrupted) =>
            {
                var log = choice.FindDirectory(
                    parsed, "restore it with PostgreSQL's own tools, and give it a new log id before you start a service");
                var summary = log.Restore(MaintenanceCommand.FileOf(parsed.GetValue(file)!), progress, interrupted);
                Console.WriteLine($"restored {MaintenanceCommand.Describe(summary)} to {log.Path}; the new log id is {summary.LogId}");
                return ExitCodes.Ok;
            });
    }
}
