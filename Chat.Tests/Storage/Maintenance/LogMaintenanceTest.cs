using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>A test of what is done to a log as a whole.</summary>
public abstract class LogMaintenanceTest : IDisposable
{
    /// <summary>Texts that a careless writer or reader of lines would change.</summary>
    private protected static readonly string[] Texts =
        ["plain", "\"quoted\" \\ and \\u0041", "two\nlines\r\n", "\u2028\u2029\u0085", "ä€😀", "\u0001\t\u007f", "{\"type\":\"end\"}", " "];

    private readonly TempDirectory temp = new();

    /// <summary>The directory of the log.</summary>
    private protected string Data => PathOf("data");

    private protected MessageLogDirectory Log => new(Data);

    public void Dispose()
    {
        temp.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string PathOf(string name) => Path.Combine(temp.Path, name);

    private protected static string DatabaseIn(string directory) => Path.Combine(directory, "chat.db");

    /// <summary>Makes a log with two rooms of two senders, and closes it.</summary>
    private protected async Task CreateLogAsync(int messages = 20)
    {
        await using var log = SqliteMessageLog.Open(Data);
        foreach (var sender in (string[])["ann", "bob"])
        {
            var stream = new RecordingStream(log, sender);
            for (var n = 0; n < messages / 2; n++)
            {
                await stream.HandOverAsync("ops", $"{sender}-{n}", Texts[n % Texts.Length]);
                await stream.HandOverAsync("team-1", $"{sender}-{n}", $"{n}");
            }

            await stream.AnswersAsync(2 * (messages / 2));
        }
    }

    private protected static List<string> ProblemsOf(MessageLogDirectory log)
    {
        var problems = new List<string>();
        log.Check(problems.Add);
        return problems;
    }

    /// <summary>Changes a log as one who knows how to compute the checksums.</summary>
    private protected void Execute(string sql, string? directory = null)
    {
        ExecuteAlone(sql, directory);
        using var connection = Connect(directory);
        RowChecksum.AddFunctions(connection);
        SqliteLogFile.Execute(connection, """
            UPDATE message SET checksum = message_checksum(
                position,
                CAST((SELECT name FROM sender WHERE sender.sender_id = message.sender_id) AS BLOB),
                sent_at,
                CAST(client_offset AS BLOB),
                CAST(text AS BLOB),
                erased);
            UPDATE room SET checksum = room_checksum(room_id, CAST(name AS BLOB), oldest, head);
            UPDATE sent_key SET checksum = client_offset_checksum(
                room_id, sender_id, CAST(client_offset AS BLOB), id, content_hash);
            """);
    }

    /// <summary>Changes a log as one who does not.</summary>
    private protected void ExecuteAlone(string sql, string? directory = null)
    {
        using var connection = Connect(directory);
        SqliteLogFile.Execute(connection, sql);
    }

    private protected void CopyTo(string name)
    {
        Directory.CreateDirectory(PathOf(name));
        File.Copy(DatabaseIn(Data), DatabaseIn(PathOf(name)));
        File.Copy(DatabaseIn(Data) + ".witness", DatabaseIn(PathOf(name)) + ".witness");
    }

    /// <summary>Erases messages of the log, which is closed.</summary>
    private protected async Task<ErasureSummary> EraseAsync(string room, params long[] ids)
    {
        await using var log = Log.Open();
        return await log.EraseAsync(MessagesToErase.WithIds(room, ids));
    }

    private SqliteConnection Connect(string? directory)
    {
        var connection = new SqliteConnection($"Data Source={DatabaseIn(directory ?? Data)};Pooling=False");
        connection.Open();
        return connection;
    }

    private protected static LogMaintenanceException AssertNotDone(Action action, params string[] words)
    {
        var error = Assert.Throws<LogMaintenanceException>(action);
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        return error;
    }

    /// <summary>A directory with nothing in it that could be taken for a log; the lock file may stay.</summary>
    private protected static void AssertNoLog(string directory) => Assert.DoesNotContain(
        Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory).Select(Path.GetFileName) : [],
        name => name != "chat.db.lock");
}

/// <summary>Calls back on the thread that reports, which <see cref="Progress{T}"/> does not.</summary>
internal sealed class ProgressCallback(Action<double> onReport) : IProgress<double>
{
    public void Report(double value) => onReport(value);
}
