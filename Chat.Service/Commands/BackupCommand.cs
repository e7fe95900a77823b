using System.CommandLine;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service backup</c>: copies the log.</summary>
internal static class BackupCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var file = new Argument<string>("FILE") { Description = "The file to write; there must be none yet" };
        var data = DataOption.Create();
        return MaintenanceCommand.Create(
            guard,
            new Command("backup", "Copy the message log to a file, also while the service runs") { file, data },
            (parsed, progress, interrupted) =>
            {
                var target = MaintenanceCommand.FileOf(parsed.GetValue(file)!);
                var summary = MaintenanceCommand.LogInUse(parsed.GetValue(data)).Backup(target, progress, interrupted);
                Console.WriteLine($"backed up {MaintenanceCommand.Describe(summary)} to {target}");
                return ExitCodes.Ok;
            });
    }
}
