using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Maps each sender_id to a name in UTF-8. A name never changes, so a reader that remembers it saves a search for each row. Only
/// one caller may use it at a time.
/// </summary>
internal sealed class SqliteSenderNames(SqliteConnection connection) : IDisposable
{
    // When the cache is full, it is cleared: there is one in each reader.
    private const int MaxCached = 4096;

    private readonly SqliteStatement find = new(connection, "SELECT name FROM sender WHERE sender_id = ?");
    private readonly Dictionary<long, byte[]> names = [];

    /// <summary>The name, which is empty where there is no such sender: then no row with it has the right checksum.</summary>
    /// <exception cref="SqliteException">The database cannot be read.</exception>
    public byte[] Of(long senderId)
    {
        if (names.TryGetValue(senderId, out var known))
        {
            return known;
        }

        find.Bind(1, senderId);
        byte[]? name = find.Step() ? find.Bytes(0).ToArray() : null;
        find.Reset();
        if (name is null)
        {
            return [];
        }

        if (names.Count >= MaxCached)
        {
            names.Clear();
        }

        names[senderId] = name;
        return name;
    }

    public void Dispose() => find.Dispose();
}
