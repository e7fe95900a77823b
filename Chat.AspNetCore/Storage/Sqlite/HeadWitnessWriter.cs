namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Keeps the witness of a log up to date: at most once a second, and not on the writer's thread, so that no sender waits
/// for it.
/// </summary>
internal sealed class HeadWitnessWriter(string database, Func<HeadWitness> read, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stopping = new();
    private HeadWitness written;
    private Task running = Task.CompletedTask;

    /// <summary>Begins.</summary>
    /// <param name="found">What the file says now.</param>
    public void Start(HeadWitness found)
    {
        written = found;
        running = RunAsync();
    }

    /// <summary>Ends, after it has written what is there now.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
        {
            await stopping.CancelAsync();
            await running;
            stopping.Dispose();
        }
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Update();
        }
    }

    private void Update()
    {
        var now = read();

        // Who deletes the whole log deletes the file too. It comes back, so that the next start does not begin an empty log.
        if (now == written && File.Exists(HeadWitness.PathOf(database)))
        {
            return;
        }

        try
        {
            now.Write(database);
            written = now;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // An older witness is still true. The next attempt is a second away.
        }
    }
}
