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
    private readonly Lock gate = new();
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
        lock (gate)
        {
            if (changed.State == ConnectionState.Connected)
            {
                // A service that cannot store messages can be connected to.
                if (problem is { Kind: not ProblemKind.StoreUnavailable })
                {
                    context.Output.Say("connected again");
                    problem = null;
                }

                (wasConnected, isTimerRunning) = (true, false);
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

                context.Output.Say($"{(current.Kind == ProblemKind.StoreUnavailable ? "" : "no connection, ")}retrying: "
                    + ErrorMessages.Describe(current, context.Options));
                StartTimer();
            }
        }
    }

    /// <summary>Takes note that the service has stored a message.</summary>
    public void ObserveStored()
    {
        lock (gate)
        {
            if (problem is { Kind: ProblemKind.StoreUnavailable })
            {
                context.Output.Say("the service stores messages again");
                problem = null;
            }
        }
    }

    /// <summary>Awaits the work, or gives up on it.</summary>
    /// <exception cref="GaveUpException">The watch gave up.</exception>
    public async Task<T> GuardAsync<T>(Task<T> work)
    {
        await Task.WhenAny(work, gaveUp.Task);
        return gaveUp.Task.IsCompleted && !work.IsCompletedSuccessfully
            ? throw CreateException()
            : await work;
    }

    /// <summary>The exception of a command that gives up: it says what is wrong now.</summary>
    public GaveUpException CreateException()
    {
        lock (gate)
        {
            var addresses = context.Options.Addresses;
            return problem is null
                ? new($"no answer from {string.Join(", ", addresses)}{ErrorMessages.GetStartAdvice(addresses)}", ExitCodes.NoService)
                : new(
                    ErrorMessages.Describe(problem, context.Options),
                    problem.Kind == ProblemKind.StoreUnavailable ? ExitCodes.Incomplete : ExitCodes.NoService);
        }
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

/// <summary>
/// No chat service answers, or it cannot do now what it is asked for. The message is for the person who runs the
/// command.
/// </summary>
internal sealed class GaveUpException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>
/// The service refuses what the command asks for. The message is for the person who runs the command.
/// </summary>
internal sealed class CommandRefusedException(string message) : Exception(message);
