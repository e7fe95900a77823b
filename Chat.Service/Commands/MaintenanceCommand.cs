using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Service.Commands;

/// <summary>What the commands have in common that work on a whole log.</summary>
internal static class MaintenanceCommand
{
    /// <summary>Gives a command its action.</summary>
    /// <param name="guard">Turns the errors of the action into exit codes.</param>
    /// <param name="command">The command, with its arguments and options.</param>
    /// <param name="run">Does the work, until it is cancelled, and returns the exit code.</param>
    public static Command Create(
        Func<Func<Task<int>>, Task<int>> guard, Command command, Func<ParseResult, IProgress<double>, CancellationToken, int> run) =>
        Create(
            guard,
            command,
            ", and left nothing behind",
            (parsed, progress, interrupted) => Task.FromResult(run(parsed, progress, interrupted)));

    /// <summary>The same, for a command whose work is asynchronous.</summary>
    /// <param name="guard">Turns the errors of the action into exit codes.</param>
    /// <param name="command">The command, with its arguments and options.</param>
    /// <param name="ifInterrupted">What holds if it is cancelled: the end of a sentence, with what separates it.</param>
    /// <param name="run">Does the work, until it is cancelled, and returns the exit code.</param>
    public static Command Create(
        Func<Func<Task<int>>, Task<int>> guard,
        Command command,
        string ifInterrupted,
        Func<ParseResult, IProgress<double>, CancellationToken, Task<int>> run)
    {
        command.SetAction((parsed, _) => guard(async () =>
        {
            // Interrupted once, the command tidies up; a second time, it ends at once.
            using var interrupted = new CancellationTokenSource();
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
            using var progress = new TerminalProgress();
            try
            {
                return await run(parsed, progress, interrupted.Token);
            }
            catch (OperationCanceledException)
            {
                Console.Error.WriteLine($"chat service: {command.Name} was interrupted{ifInterrupted}");
                return ExitCodes.NotDone;
            }

            void Interrupt(PosixSignalContext signal)
            {
                signal.Cancel = !interrupted.IsCancellationRequested;
                interrupted.Cancel();
            }
        }));
        return command;
    }

    /// <summary>
    /// For a command that only reads the log, beside a service: it runs with the lowest priority, so that it takes from the senders
    /// only what they do not need. Of a process on Linux, that is the thread that calls this.
    /// </summary>
    public static void LowerPriority()
    {
        using var process = Process.GetCurrentProcess();
        process.PriorityClass = ProcessPriorityClass.Idle;
    }

    /// <summary>The absolute path of a file or directory.</summary>
    public static string FileOf(string name) =>
        name.Length > 0 ? Path.GetFullPath(name) : throw new UsageException("the name of a file or directory is empty");

    public static string Describe(LogSummary log) => $"{Counted.Of(log.Rooms, "room")}, {Counted.Of(log.Messages, "message")}";
}
