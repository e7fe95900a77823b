using System.CommandLine;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service backup</c>: copies the log.</summary>
internal static class BackupCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var file = new Argument<string>("FILE") { Description = "The file to write; there must be none yet" };
        var command = new Command("backup", "Copy the message log to a file, also while the service runs") { file };
        var log = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            (parsed, progress, interrupted) =>
            {
                var target = MaintenanceCommand.FileOf(parsed.GetValue(file)!);
                var directory = log.FindDirectory(
                    parsed, "back it up with PostgreSQL's own tools, such as pg_basebackup or pg_dump");
                MaintenanceCommand.LowerPriority();
                var summary = directory.Backup(target, progress, interrupted);
                Console.WriteLine($"backed up {MaintenanceCommand.Describe(summary)} to {target}");
                return ExitCodes.Ok;
            });
    }
}
