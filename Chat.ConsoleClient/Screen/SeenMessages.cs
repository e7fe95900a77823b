using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Moves the client's position in a room to the newest message that the user has seen there, so that the next start
/// knows what is new. One write a second is enough: more would cost an fsync for each message.
/// </summary>
/// <param name="client">The client, which must not move positions by itself.</param>
/// <param name="onFailed">Called with a message for people when positions could not be kept.</param>
internal sealed class SeenMessages(ChatClient client, Action<string> onFailed) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource hurry = new();
    private Dictionary<string, ChatMessage> waiting = [];
    private ChatMessage? last;
    private Task writing = Task.CompletedTask;
    private string failure = "";

    /// <summary>The user sees this message, and so has seen all before it in its room.</summary>
    public void Note(ChatMessage? newest)
    {
        if (newest is null || newest == last)
        {
            return;
        }

        last = newest;
        lock (gate)
        {
            waiting[newest.Room] = newest;
            if (writing.IsCompleted)
            {
                writing = Task.Run(WriteAsync);
            }
        }
    }

    /// <summary>Returns when everything has been kept, or has failed.</summary>
    public async Task CompleteAsync()
    {
        await hurry.CancelAsync();
        await writing;
    }

    public void Dispose() => hurry.Dispose();

    private async Task WriteAsync()
    {
        while (true)
        {
            await Task.Delay(Interval, hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Dictionary<string, ChatMessage> seen;
            lock (gate)
            {
                (seen, waiting) = (waiting, []);
            }

            await WriteAsync(seen.Values);
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    writing = Task.CompletedTask;
                    return;
                }
            }
        }
    }

    private async Task WriteAsync(IEnumerable<ChatMessage> seen)
    {
        try
        {
            await Task.WhenAll(seen.Select(client.CommitAsync));
            failure = "";
        }
        catch (ChatStateException error)
        {
            if (error.Message != failure)
            {
                onFailed(error.Message);
            }

            failure = error.Message;
        }
    }
}
