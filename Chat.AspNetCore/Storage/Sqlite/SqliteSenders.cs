using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>Maps the names of senders to their sender_id. Only the writer uses it.</summary>
internal sealed class SqliteSenders(SqliteConnection writer) : IDisposable
{
    // When the cache is full, it is cleared: it takes a few megabytes at most.
    private const int MaxCached = 65_536;

    private readonly SqliteStatement find = new(writer, "SELECT sender_id FROM sender WHERE name = ?");
    private readonly SqliteStatement insert = new(writer, "INSERT INTO sender (name) VALUES (?) RETURNING sender_id");
    private readonly Dictionary<string, long> ids = [];
    private readonly List<string> added = [];

    /// <summary>Null if nothing of this sender has been stored.</summary>
    public long? Find(string name)
    {
        if (ids.TryGetValue(name, out var known))
        {
            return known;
        }

        find.Bind(1, name);
        long? found = find.Step() ? find.Int64(0) : null;
        find.Reset();
        if (found is { } id)
        {
            Cache(name, id);
        }

        return found;
    }

    public long Add(string name)
    {
        insert.Bind(1, name).Step();
        var id = insert.Int64(0);
        insert.Reset();
        added.Add(name);
        Cache(name, id);
        return id;
    }

    /// <summary>The batch has been stored.</summary>
    public void Commit() => added.Clear();

    /// <summary>The batch and its new senders have not been stored.</summary>
    public void Rollback()
    {
        added.ForEach(name => ids.Remove(name));
        added.Clear();
    }

    public void Dispose()
    {
        find.Dispose();
        insert.Dispose();
    }

    private void Cache(string name, long id)
    {
        if (ids.Count >= MaxCached)
        {
            ids.Clear();
        }

        ids[name] = id;
    }
}
