namespace GrpcChat.Bench.Loads;

/// <summary>
/// Keeps the senders of a crowd sending until it is stopped or disposed; dispose it before the crowd.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly CancellationTokenSource stopSending = new();
    private readonly Crowd crowd;
    private readonly Task sending;
    private readonly Task pacing;

    private Traffic(Crowd crowd, double? perSecond)
    {
        this.crowd = crowd;
        var pacer = perSecond is { } rate ? new Pacer(rate, crowd.Senders.Count) : null;
        sending = Task.WhenAll(crowd.Senders.Select((sender, n) => crowd.Watch(
            pacer is null ? sender.KeepInFlightAsync(stopSending.Token) : sender.PaceAsync(pacer.Due(n)))));
        pacing = pacer?.RunAsync(stopSending.Token) ?? Task.CompletedTask;
    }

    /// <param name="crowd">Has all its senders.</param>
    /// <param name="perSecond">
    /// Sends per second over all senders; null = each keeps as many in flight as it may.
    /// </param>
    public static Traffic Start(Crowd crowd, double? perSecond = null) => new(crowd, perSecond);

    /// <summary>Stops sending; returns when every send is acked.</summary>
    public async Task StopAsync(TimeSpan limit, CancellationToken stop)
    {
        await stopSending.CancelAsync();
        await pacing;
        await crowd.PassAsync(sending, limit, stop);
    }

    public async ValueTask DisposeAsync()
    {
        await stopSending.CancelAsync();
        await pacing;
        stopSending.Dispose();
    }
}
