using System.Runtime.Versioning;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Which files are opened as a log, and that the others are left as they are.</summary>
public sealed class SqliteLogFileTests : IDisposable
{
    private readonly TempDirectory temp = new();

    private string DatabasePath => Path.Combine(temp.Path, "chat.db");

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData("Dear diary, this is not a database, although it is longer than the 100 bytes of a header. Really.")]
    [InlineData("SQLite format 3\0 and then no more")]
    [InlineData("x")]
    public async Task A_file_that_is_not_a_database_is_refused(string content)
    {
        await File.WriteAllTextAsync(DatabasePath, content);

        AssertRefusedUntouched("is not a chat log; move the file away, or use another data directory");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x0F055112)]
    public void A_database_of_another_application_is_refused(int applicationId)
    {
        using (var connection = Connect())
        {
            SqliteLogFile.Execute(connection, $"""
                PRAGMA application_id = {applicationId};
                CREATE TABLE log (log_id TEXT);
                """);
        }

        AssertRefusedUntouched("is not a chat log; move the file away, or use another data directory");
    }

    [Fact]
    public void A_database_of_another_application_with_a_write_ahead_log_is_refused()
    {
        using var connection = Connect();
        SqliteLogFile.Execute(connection, "PRAGMA journal_mode = WAL; CREATE TABLE log (log_id TEXT)");

        AssertRefusedUntouched("is not a chat log; move the file away, or use another data directory");
    }

    [Fact]
    public async Task A_lock_that_outlives_its_owner_by_a_moment_does_not_stop_the_start()
    {
        await CreateLogAsync();
        var (held, holding) = (InodeLock.TryTake(DatabasePath)!, TimeSpan.FromMilliseconds(100));
        var releasing = Task.Run(async () =>
        {
            await Task.Delay(holding);
            held.Dispose();
        });

        SqliteLogFile.Open(temp.Path, TimeSpan.FromSeconds(1)).Dispose();

        await releasing;
    }

    [Fact]
    public async Task A_log_of_a_newer_service_is_refused()
    {
        await CreateLogAsync();
        using (var connection = Connect())
        {
            SqliteLogFile.Execute(connection, $"PRAGMA user_version = {SqliteSchema.Version + 1}");
        }

        AssertRefusedUntouched($"schema version {SqliteSchema.Version + 1}", "start the newer service");
    }

    [Fact]
    public async Task A_read_only_log_is_refused()
    {
        await CreateLogAsync();
        File.SetAttributes(DatabasePath, FileAttributes.ReadOnly);

        AssertRefusedUntouched("is read-only; make it writable (chmod u+w), or use another data directory");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_ahead_log_without_its_database_is_refused(bool emptyDatabase)
    {
        await using (await CreateLogAsync(leaveOpen: true))
        {
            var copy = Path.Combine(temp.Path, "copy");
            Directory.CreateDirectory(copy);
            File.Copy(DatabasePath + "-wal", Path.Combine(copy, "chat.db-wal"));
            if (emptyDatabase)
            {
                await File.WriteAllBytesAsync(Path.Combine(copy, "chat.db"), []);
            }

            AssertUntouchedAndRefused(copy, "is missing, but", "put the database back, or use another data directory");
        }
    }

    [Theory]
    [InlineData(50, "is not a chat log")]
    [InlineData(100, "restore it from a backup")]
    [InlineData(4096, "restore it from a backup")]
    [InlineData(3 * 4096, "restore it from a backup")]
    [InlineData(-4096, "restore it from a backup")]
    [InlineData(-1, "restore it from a backup")]
    public async Task A_truncated_log_is_refused(int length, string words)
    {
        await CreateLogAsync();
        using (var file = new FileStream(DatabasePath, FileMode.Open))
        {
            file.SetLength(length > 0 ? length : file.Length + length);
        }

        AssertRefusedUntouched(words);
    }

    [Fact]
    public async Task A_log_without_one_of_its_tables_is_refused()
    {
        await CreateLogAsync();
        using (var connection = Connect())
        {
            SqliteLogFile.Execute(connection, "DROP TABLE sent_key");
        }

        var before = await File.ReadAllBytesAsync(DatabasePath);
        AssertRefused(temp.Path, DatabasePath, "sent_key");
        Assert.Equal(before, await File.ReadAllBytesAsync(DatabasePath));
    }

    [Fact]
    public void A_lock_file_that_cannot_be_opened_is_not_reported_as_a_log_in_use()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows requires a privilege to create links.");
        File.CreateSymbolicLink(DatabasePath + ".lock", DatabasePath + ".lock");

        var error = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(temp.Path));

        Assert.Contains(DatabasePath, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("another service", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(DatabasePath));
    }

    [Fact]
    public async Task A_file_in_place_of_the_directory_is_refused()
    {
        var file = Path.Combine(temp.Path, "file");
        await File.WriteAllTextAsync(file, "precious");

        AssertRefused(file, Path.Combine(file, "chat.db"));

        Assert.Equal("precious", await File.ReadAllTextAsync(file));
        Assert.Equal([file], Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void A_directory_in_place_of_the_database_is_refused()
    {
        Directory.CreateDirectory(DatabasePath);

        AssertRefusedUntouched("is a directory");
    }

    [Fact]
    public async Task An_empty_file_becomes_a_new_log()
    {
        await File.WriteAllBytesAsync(DatabasePath, []);

        await using var log = SqliteMessageLog.Open(temp.Path);

        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "offset"));
    }

    [Theory]
    [InlineData("half a database")]
    [InlineData("")]
    public async Task A_log_whose_creation_was_interrupted_is_created_again(string leftOver)
    {
        await File.WriteAllTextAsync(DatabasePath + ".new", leftOver);
        await File.WriteAllTextAsync(DatabasePath + ".new-journal", leftOver);

        await using (var log = SqliteMessageLog.Open(temp.Path))
        {
            Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "offset"));
        }

        Assert.Equal(["chat.db", "chat.db.lock", "chat.db.witness"], Directory.GetFiles(temp.Path).Select(Path.GetFileName).Order());
        await using var again = SqliteMessageLog.Open(temp.Path);
        Assert.Equal(["text"], await again.TextsAsync("room"));
    }

    [Fact]
    public async Task A_new_log_is_created_in_a_directory_that_does_not_exist_yet()
    {
        var directory = Path.Combine(temp.Path, "not", "there");

        await using var log = SqliteMessageLog.Open(directory);

        Assert.Equal(Path.Combine(directory, "chat.db"), log.Location);
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "offset"));
    }

    /// <summary>Creates a log of several pages.</summary>
    private async Task<IAsyncDisposable?> CreateLogAsync(bool leaveOpen = false)
    {
        var log = SqliteMessageLog.Open(temp.Path);
        var ann = new RecordingStream(log);
        for (var i = 0; i < 50; i++)
        {
            await ann.HandOverAsync("room", $"{i}", new string('x', 1_000));
        }

        await ann.AnswersAsync(50);
        if (leaveOpen)
        {
            return log;
        }

        await log.DisposeAsync();
        return null;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }

    private void AssertRefusedUntouched(params string[] words) => AssertUntouchedAndRefused(temp.Path, words);

    private static void AssertUntouchedAndRefused(string directory, params string[] words)
    {
        var before = Snapshot(directory);
        AssertRefused(directory, [Path.Combine(directory, "chat.db"), .. words]);
        Assert.Equal(before, Snapshot(directory));
    }

    private static void AssertRefused(string directory, params string[] words)
    {
        var error = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(directory));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.StartsWith("log cannot be opened: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>All names in a directory, and the contents of its files.</summary>
    private static string[] Snapshot(string directory) =>
        [.. Directory.GetFileSystemEntries(directory).Order(StringComparer.Ordinal).Select(path =>
            $"{path}: {(File.Exists(path) ? Convert.ToHexString(ReadShared(path)) : "directory")}")];

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }
}
