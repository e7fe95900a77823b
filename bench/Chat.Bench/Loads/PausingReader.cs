using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Reads for a client and can pause: the server's data then fills the stream's flow-control window, and the rest waits
/// in the server.
/// </summary>
internal sealed class PausingReader(IPeerClient client, IArrivals arrivals, CancellationToken stop) : IDisposable
{
    private CancellationTokenSource pause = new();
    private TaskCompletionSource resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads until <paramref name="stop"/> is cancelled.</summary>
    public async Task ReadAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, stop))
            {
                await client.ReadAsync(arrivals, either.Token);
            }

            await resumed.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task PauseAsync() => pause.CancelAsync();

    /// <summary>Reads on after <see cref="PauseAsync"/>.</summary>
    public void Resume()
    {
        var waited = resumed;
        pause.Dispose();
        pause = new CancellationTokenSource();
        resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waited.SetResult();
    }

    public void Dispose() => pause.Dispose();
}
