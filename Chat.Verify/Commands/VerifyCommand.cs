using System.CommandLine;
using System.Runtime.InteropServices;
using GrpcChat.Verify.Load;

namespace GrpcChat.Verify.Commands;

/// <summary>
/// The command line, and the exit code of the process. What goes wrong is one line on standard error.
/// </summary>
internal static class VerifyCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            """
            Checks the promises of a GrpcChat service by what its clients see.

            Examples:
              chat-verify run --address http://127.0.0.1:5000 --seconds 30
              chat-verify run --service bin/service/Chat.Service.dll --html report.html
              chat-verify check history.bin

            Exit code: 0 = every promise was kept, 1 = one was broken, 2 = an argument or a file is wrong, 3 = no service answers or
            it refuses the caller, 130 = a signal came before the load began.
            """)
        {
            RunCommand.Create(),
            CheckCommand.Create(),
        };
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is null or System.CommandLine.Invocation.ParseErrorAction)
        {
            return Fail(ExitCodes.Usage, $"{parsed.Errors[0].Message.TrimEnd('.')}; --help lists the options");
        }

        // System.CommandLine's own handling of signals begins after the command has; a signal before that would end the
        // process without a word.
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        // After the first, a run waits for its answers and judges what it has. A second one ends the process.
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !stopping.IsCancellationRequested;
            stopping.Cancel();
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stopping.Token);
        }
        catch (ServiceUnreachableException error)
        {
            return Fail(ExitCodes.Unreachable, error.Message);
        }
        catch (InterruptedException error)
        {
            return Fail(ExitCodes.Interrupted, error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return Fail(ExitCodes.Usage, error.Message);
        }
    }

    /// <summary>A line for people.</summary>
    public static void Say(string message) => Console.Error.WriteLine($"chat-verify: {message.ReplaceLineEndings(" ")}");

    private static int Fail(int exitCode, string message)
    {
        Say(message);
        return exitCode;
    }
}
