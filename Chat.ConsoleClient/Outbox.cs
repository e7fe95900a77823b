using System.Threading.Channels;
using Chat.V1;

namespace Chat.ConsoleClient;

/// <summary>The lines that have no answer yet, in their order. They outlive the streams that carry them.</summary>
internal sealed class Outbox : IDisposable
{
    private const int Capacity = 1000;
    private readonly string client = Guid.NewGuid().ToString("N"); // 122 random bits.
    private readonly SemaphoreSlim places = new(Capacity);
    private readonly OrderedDictionary<string, Send> unanswered = [];
    private Channel<Send> toSend = Channel.CreateBounded<Send>(Capacity);
    private bool isComplete;
    public int Count => Capacity - places.CurrentCount;

    /// <summary>Takes lines, each with a key that lets it be stored once, however often it is sent.</summary>
    public async Task FillAsync(TextReader lines, CancellationToken stop) // Leaves a read, which can't be cancelled.
    {
        for (var n = 1; await lines.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(stop) is { } line; n++)
        {
            if (line.Length == 0) continue;
            await places.WaitAsync(stop);
            var send = new Send { ClientOffset = $"{client}-{n}", Text = line };
            lock (unanswered) if (unanswered.TryAdd(send.ClientOffset, send)) toSend.Writer.TryWrite(send);
        }
        lock (unanswered) isComplete = toSend.Writer.TryComplete();
    }

    /// <summary>What a new stream has to send: everything unanswered, and then each line as it is taken.</summary>
    public ChannelReader<Send> Restart()
    {
        lock (unanswered)
        {
            toSend = Channel.CreateBounded<Send>(Capacity);
            foreach (var send in unanswered.Values) toSend.Writer.TryWrite(send);
            if (isComplete) toSend.Writer.Complete();
            return toSend.Reader;
        }
    }

    public Send? Remove(string clientOffset)
    {
        lock (unanswered) { if (unanswered.Remove(clientOffset, out var send)) places.Release(); return send; }
    }

    public void Dispose() => places.Dispose();
}
