using System.Threading.Channels;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Reads keys on a thread of its own, because a read of a terminal cannot be cancelled, and queues what they do for the
/// shell's loop. The thread ends with the process.
/// </summary>
/// <param name="terminal">Where to read.</param>
/// <param name="keys">Does what the keys mean.</param>
/// <param name="actions">The shell's queue.</param>
/// <param name="onEnd">Called by the loop when the terminal was closed.</param>
/// <param name="stopping">Cancelled when the shell ends.</param>
internal sealed class KeyReader(
    Terminal terminal, KeyHandler keys, ChannelWriter<Action> actions, Action onEnd, CancellationToken stopping)
{
    /// <summary>
    /// A terminal sends a sequence at once. An Escape that nothing follows within this time was the key.
    /// </summary>
    public static readonly TimeSpan EscapeTimeout = TimeSpan.FromMilliseconds(50);

    private readonly KeyDecoder decoder = new();

    /// <summary>
    /// The keys so far may be part of a sequence: the loop calls <see cref="Settle"/> if nothing follows them within
    /// <see cref="EscapeTimeout"/>.
    /// </summary>
    public bool IsUndecided => decoder.IsUndecided;

    public void Start() => new Thread(Read) { IsBackground = true, Name = "keys" }.Start();

    public void Settle() => Handle(decoder.Settle);

    private void Read()
    {
        var buffer = new byte[4096];
        try
        {
            while (terminal.Read(buffer) is > 0 and var length)
            {
                var bytes = buffer[..length];
                Post(() => Handle(found => decoder.Decode(bytes, found)));
            }

            Post(onEnd);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The terminal was closed, or the shell has ended.
            actions.TryWrite(onEnd);
        }
    }

    private void Post(Action action) => actions.WriteAsync(action, stopping).AsTask().GetAwaiter().GetResult();

    private void Handle(Action<ICollection<Key>> decode)
    {
        var found = new List<Key>();
        decode(found);
        foreach (var key in found)
        {
            keys.Handle(key);
        }
    }
}
