using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>
/// Reads for a client, and can stop for a while: then what the server sends fills the stream's window, and the rest waits
/// in the server.
/// </summary>
internal sealed class PausingReader(IPeerClient client, IArrivals arrivals, CancellationToken stop) : IDisposable
{
    private CancellationTokenSource pause = new();
    private TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads until <paramref name="stop"/> fires.</summary>
    public async Task ReadAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, stop))
            {
                await client.ReadAsync(arrivals, either.Token);
            }

            await goOn.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task PauseAsync() => pause.CancelAsync();

    /// <summary>After <see cref="PauseAsync"/>.</summary>
    public void GoOn()
    {
        var waited = goOn;
        pause.Dispose();
        pause = new CancellationTokenSource();
        goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waited.SetResult();
    }

    public void Dispose() => pause.Dispose();
}
