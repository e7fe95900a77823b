using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// The senders whom an operator has blocked: a text file with one name on each line, which may be changed while the
/// service runs, or a list that several nodes share.
/// </summary>
/// <param name="path">The file. It need not exist.</param>
internal sealed class BlockedSenders(string path)
{
    private readonly ConcurrentDictionary<Watch, bool> watches = [];
    private volatile FrozenSet<string> names = [];
    private (DateTime WrittenAt, long Length) version;

    public bool Contains(string sender) => names.Contains(sender);

    /// <summary>
    /// Calls <paramref name="onBlocked"/> if the sender is blocked, now or later, until the result is disposed of.
    /// </summary>
    public IDisposable WatchSender(string sender, Action onBlocked)
    {
        var watch = new Watch(this, sender, onBlocked);
        watches[watch] = true;

        // Looked at after the watch has begun: whoever is blocked in between is found here or there.
        watch.Look(names);
        return watch;
    }

    /// <summary>Reads the file if it has changed. If it cannot be read, everything stays as it is.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public void Refresh()
    {
        var file = new FileInfo(path);
        var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        if (now == version)
        {
            return;
        }

        Set(BlockedSendersFile.Read(path));
        version = now;
    }

    /// <summary>Replaces the list.</summary>
    public void Set(IReadOnlyCollection<string> all)
    {
        names = all.ToFrozenSet();
        foreach (var (watch, _) in watches)
        {
            watch.Look(names);
        }
    }

    private sealed class Watch(BlockedSenders blocked, string sender, Action onBlocked) : IDisposable
    {
        private readonly Lock gate = new();
        private bool isOver;

        public void Look(FrozenSet<string> names)
        {
            lock (gate)
            {
                if (!isOver && names.Contains(sender))
                {
                    onBlocked();
                }
            }
        }

        // Waits for a call that another thread is making: what it calls is about to be disposed of.
        public void Dispose()
        {
            blocked.watches.TryRemove(this, out _);
            lock (gate)
            {
                isOver = true;
            }
        }
    }
}
