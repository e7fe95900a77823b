using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.SignalR;

/// <summary>The messages in SQLite: one connection for writes, one at a time, and one for each replay.</summary>
internal sealed class MessageTable : IDisposable
{
    private const int Constraint = 19;

    private readonly string connectionString;
    private readonly SqliteConnection writer;
    private readonly SqliteCommand insert;
    private readonly SqliteCommand find;
    private readonly SemaphoreSlim turn = new(1);

    public MessageTable(string file)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        writer = new SqliteConnection(connectionString);
        writer.Open();
        using var create = Command("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS messages (
              id INTEGER PRIMARY KEY AUTOINCREMENT,
              client_offset TEXT UNIQUE,
              content TEXT
            )
            """);
        create.ExecuteNonQuery();

        insert = Command("INSERT INTO messages (content, client_offset) VALUES ($content, $offset) RETURNING id");
        insert.Parameters.Add("$content", SqliteType.Text);
        insert.Parameters.Add("$offset", SqliteType.Text);
        insert.Prepare();
        find = Command("SELECT id FROM messages WHERE client_offset = $offset");
        find.Parameters.Add("$offset", SqliteType.Text);
    }

    /// <summary>Stores a message once per client offset; returns its id, and whether it is new.</summary>
    public async Task<(long Id, bool IsNew)> InsertAsync(string content, string clientOffset)
    {
        await turn.WaitAsync();
        try
        {
            insert.Parameters["$content"].Value = content;
            insert.Parameters["$offset"].Value = clientOffset;
            return ((long)(await insert.ExecuteScalarAsync())!, true);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Constraint)
        {
            find.Parameters["$offset"].Value = clientOffset;
            return ((long)(await find.ExecuteScalarAsync())!, false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Returns the messages after an id, in order.</summary>
    public async IAsyncEnumerable<(long Id, string Content)> AfterAsync(long id)
    {
        await using var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync();
        await using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, content FROM messages WHERE id > $id ORDER BY id";
        select.Parameters.AddWithValue("$id", id);
        await using var rows = await select.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            yield return (rows.GetInt64(0), rows.GetString(1));
        }
    }

    public void Dispose()
    {
        insert.Dispose();
        find.Dispose();
        writer.Dispose();
        turn.Dispose();
    }

    private SqliteCommand Command(string text)
    {
        var command = writer.CreateCommand();
        command.CommandText = text;
        return command;
    }
}
