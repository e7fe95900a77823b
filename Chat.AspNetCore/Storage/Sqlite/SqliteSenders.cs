using Microsoft.Data.Sqlite;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>The numbers of senders. For the writer alone.</summary>
internal sealed class SqliteSenders(SqliteConnection writer) : IDisposable
{
    // So many names are remembered with their numbers before the table is started anew: a few megabytes.
    private const int MaxRemembered = 65_536;

    private readonly SqliteStatement find = new(writer, "SELECT sender_id FROM sender WHERE name = ?");
    private readonly SqliteStatement insert = new(writer, "INSERT INTO sender (name) VALUES (?) RETURNING sender_id");
    private readonly Dictionary<string, long> ids = [];
    private readonly List<string> added = [];

    /// <summary>Null when nothing of this sender has been stored.</summary>
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
            Remember(name, id);
        }

        return found;
    }

    public long Add(string name)
    {
        insert.Bind(1, name).Step();
        var id = insert.Int64(0);
        insert.Reset();
        added.Add(name);
        Remember(name, id);
        return id;
    }

    /// <summary>The batch was stored.</summary>
    public void Keep() => added.Clear();

    /// <summary>The batch was not stored, nor were its new senders.</summary>
    public void Forget()
    {
        added.ForEach(name => ids.Remove(name));
        added.Clear();
    }

    public void Dispose()
    {
        find.Dispose();
        insert.Dispose();
    }

    private void Remember(string name, long id)
    {
        if (ids.Count >= MaxRemembered)
        {
            ids.Clear();
        }

        ids[name] = id;
    }
}
