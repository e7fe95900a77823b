using Chat.Client;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// Says what is wrong with the connection, and gives up: at once where what answers is no chat service, and otherwise when
/// there was no connection for as long as the command waits.
/// </summary>
internal sealed class ConnectionWatch : IDisposable
{
    private readonly CommandContext context;
    private readonly TimeSpan wait;
    private readonly TaskCompletionSource givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer timer;
    private ConnectionProblem? problem;
    private bool isWaiting;
    private bool wasConnected;

    /// <param name="context">The command.</param>
    /// <param name="wait">How long there may be no connection; infinite = for ever.</param>
    public ConnectionWatch(CommandContext context, TimeSpan wait)
    {
        this.context = context;
        this.wait = wait;
        timer = context.Options.TimeProvider.CreateTimer(_ => GiveUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Wait();
    }

    public void Take(ConnectionChanged changed)
    {
        if (changed.State == ConnectionState.Connected)
        {
            if (problem is not null)
            {
                context.Output.Say("connected again");
            }

            (problem, wasConnected, isWaiting) = (null, true, false);
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        else if (changed is { State: ConnectionState.Waiting, Problem: { } wrong })
        {
            problem = wrong;
            if (!wasConnected && wrong.Kind is ProblemKind.NotAChatService or ProblemKind.Tls)
            {
                GiveUp();
                return;
            }

            context.Output.Say($"{ErrorMessages.Of(wrong, context.Options)}, retrying…");
            Wait();
        }
    }

    /// <summary>Ends with the work, or before that when there is no use in waiting.</summary>
    /// <exception cref="NoServiceException">Nothing answers.</exception>
    public async Task<T> GuardAsync<T>(Task<T> work)
    {
        await Task.WhenAny(work, givenUp.Task);
        return givenUp.Task.IsCompleted && !work.IsCompletedSuccessfully
            ? throw NoService()
            : await work;
    }

    /// <summary>What to end with where nothing answers: what is wrong now.</summary>
    public NoServiceException NoService() =>
        new(ErrorMessages.Of(problem, context.Options) ?? $"no answer from {context.Options.Addresses[0]}{ErrorMessages.HowToStart(context.Options.Addresses[0])}");

    public void Dispose() => timer.Dispose();

    private void Wait()
    {
        if (!isWaiting && wait != Timeout.InfiniteTimeSpan)
        {
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        }

        isWaiting = true;
    }

    private void GiveUp() => givenUp.TrySetResult();
}

/// <summary>There is no chat service; the message is a sentence for the person who runs the command.</summary>
internal sealed class NoServiceException(string message) : Exception(message);

/// <summary>The service refuses what the command asks for; the message is a sentence for the person who runs it.</summary>
internal sealed class CommandRefusedException(string message) : Exception(message);
