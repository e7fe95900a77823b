using System.CommandLine;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service export</c>: writes a log as JSON lines.</summary>
internal static class ExportCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var file = new Argument<string?>("FILE")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "The file to write; there must be none yet [stdout]",
        };
        var command = new Command("export", "Write the message log as JSON lines, also while the service runs") { file };
        var choice = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            (parsed, progress, interrupted) =>
            {
                var log = choice.Find(parsed);
                MaintenanceCommand.LowerPriority();
                if (parsed.GetValue(file) is { } name)
                {
                    var target = MaintenanceCommand.FileOf(name);
                    Console.WriteLine($"exported {MaintenanceCommand.Describe(log.ExportToFile(target, progress, interrupted))} to {target}");
                    return ExitCodes.Ok;
                }

                using var output = OpenOutput();
                Console.Error.WriteLine($"exported {MaintenanceCommand.Describe(log.Export(output, progress, interrupted))}");
                return ExitCodes.Ok;
            });
    }

    // The console's stream is silent about a pipe that nobody reads any more. A stream on a handle is not, but loses the place in a
    // file that others write to as well.
    private static Stream OpenOutput()
    {
        if (!OperatingSystem.IsWindows())
        {
            var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!stream.CanSeek)
            {
                return stream;
            }
        }

        return Console.OpenStandardOutput();
    }
}
