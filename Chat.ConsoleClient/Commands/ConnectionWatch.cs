using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Reports problems with the connection, and gives up: at once if what answers is not a chat service, and otherwise
/// when there has been no connection for as long as the command waits.
/// </summary>
internal sealed class ConnectionWatch : IDisposable
{
    private readonly CommandContext context;
    private readonly TimeSpan wait;
    private readonly TaskCompletionSource gaveUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer timer;
    private ConnectionProblem? problem;
    private bool isTimerRunning;
    private bool wasConnected;

    /// <param name="context">The command.</param>
    /// <param name="wait">How long to go on without a connection; may be infinite.</param>
    public ConnectionWatch(CommandContext context, TimeSpan wait)
    {
        this.context = context;
        this.wait = wait;
        timer = context.Options.TimeProvider.CreateTimer(_ => GiveUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        StartTimer();
    }

    /// <summary>Takes note of a new state of the connection.</summary>
    public void Observe(ConnectionChanged changed)
    {
        if (changed.State == ConnectionState.Connected)
        {
            if (problem is not null)
            {
                context.Output.Say("connected again");
            }

            (problem, wasConnected, isTimerRunning) = (null, true, false);
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        else if (changed is { State: ConnectionState.Waiting, Problem: { } current })
        {
            problem = current;
            if (!wasConnected && current.Kind is ProblemKind.NotAChatService or ProblemKind.Tls)
            {
                GiveUp();
                return;
            }

            context.Output.Say($"no connection, retrying: {ErrorMessages.Describe(current, context.Options)}");
            StartTimer();
        }
    }

    /// <summary>Awaits the work, or gives up on it.</summary>
    /// <exception cref="NoServiceException">The watch gave up.</exception>
    public async Task<T> GuardAsync<T>(Task<T> work)
    {
        await Task.WhenAny(work, gaveUp.Task);
        return gaveUp.Task.IsCompleted && !work.IsCompletedSuccessfully
            ? throw CreateException()
            : await work;
    }

    /// <summary>The exception of a command that gives up: it says what is wrong now.</summary>
    public NoServiceException CreateException()
    {
        var address = context.Options.Addresses[0];
        return new(problem is null
            ? $"no answer from {address}{ErrorMessages.GetStartAdvice(address)}"
            : ErrorMessages.Describe(problem, context.Options));
    }

    public void Dispose() => timer.Dispose();

    private void StartTimer()
    {
        if (!isTimerRunning && wait != Timeout.InfiniteTimeSpan)
        {
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        }

        isTimerRunning = true;
    }

    private void GiveUp() => gaveUp.TrySetResult();
}

/// <summary>No chat service answers. The message is for the person who runs the command.</summary>
internal sealed class NoServiceException(string message) : Exception(message);

/// <summary>
/// The service refuses what the command asks for. The message is for the person who runs the command.
/// </summary>
internal sealed class CommandRefusedException(string message) : Exception(message);
