namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Who is blocked on all nodes. Each look at the heads brings a hash of the list, too; the list itself is read only when the
/// hash has changed. So it costs no query of its own, also where somebody changes the table by hand.
/// </summary>
internal sealed class BlockedSenderList(PostgresReader reader)
{
    /// <summary>The name that no room has. The head of this "room" is the hash of the list.</summary>
    public const string Key = "";

    private readonly Lock gate = new();
    private IReadOnlyCollection<string> names = [];
    private long hash;
    private Action<IReadOnlyCollection<string>>? onChanged;

    /// <summary>Calls the action with the list now and after each change.</summary>
    public void Watch(Action<IReadOnlyCollection<string>> action)
    {
        lock (gate)
        {
            onChanged = action;
            action(names);
        }
    }

    /// <summary>Reads the list if it is not the one with this hash.</summary>
    public async Task LookAsync(long found, CancellationToken cancellation)
    {
        if (found == hash)
        {
            return;
        }

        var read = await reader.ListBlockedSendersAsync(cancellation);
        lock (gate)
        {
            // If the list has changed since, the next look finds another hash.
            (names, hash) = (read, found);
            onChanged?.Invoke(read);
        }
    }
}
