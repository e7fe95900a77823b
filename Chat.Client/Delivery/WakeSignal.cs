using System.Threading.Channels;

namespace Chat.Client.Delivery;

/// <summary>
/// Tells one waiter to look again. It carries no data, is never lost, and never piles up: however often it was set since
/// the last wait, the next wait ends once.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>May be called from any thread; it never runs what the waiter does next.</summary>
    public void Set() => signals.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) =>
        await signals.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
}
