using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Turns SIGINT (Ctrl-C) and SIGTERM into a request to stop. A command that does not end within the grace period is
/// abandoned, with the exit code of a process that the signal has killed.
/// </summary>
/// <remarks>
/// System.CommandLine offers the same with its <c>ProcessTerminationTimeout</c>, but abandons the command at once when
/// the signal arrives before the command has returned from its synchronous part. By then it may be connected already.
/// <para>
/// A signal that was ignored when the process started stays ignored, because .NET installs no handler for it. That is
/// what <c>nohup</c> and the background jobs of scripts rely on: a Ctrl-C at the terminal is not meant for them.
/// </para>
/// </remarks>
internal static class Interruption
{
    private const int KilledBySignal = 128;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    // Enough to write down what is not sent yet.
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Runs a command whose token is cancelled by the first of the two signals; returns the exit code.
    /// </summary>
    public static async Task<int> GuardAsync(Func<CancellationToken, Task<int>> command)
    {
        var stopping = new CancellationTokenSource(); // Never disposed: a handler may run while this method returns.
        var signalled = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, Interrupt));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, Terminate));
        var running = Task.Run(() => command(stopping.Token));
        if (await Task.WhenAny(running, signalled.Task) != running)
        {
            await Task.WhenAny(running, Task.Delay(GracePeriod, TimeProvider.System));
        }

        return await (running.IsCompleted ? running : signalled.Task);

        void Stop(PosixSignalContext context, int signal)
        {
            context.Cancel = true; // The default would kill the process.
            signalled.TrySetResult(KilledBySignal + signal);
            stopping.Cancel();
        }
    }
}
