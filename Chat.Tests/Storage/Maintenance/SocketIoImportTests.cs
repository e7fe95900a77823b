using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>The database of the socket.io tutorial's chat becomes a log.</summary>
public sealed class SocketIoImportTests : LogMaintenanceTest
{
    private const string Table = """
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            client_offset TEXT UNIQUE,
            content TEXT
          );
        """;

    private readonly List<string> leftOut = [];

    private string Tutorial => PathOf("chat.db");

    [Fact]
    public async Task Messages_keep_their_order_and_client_offsets_and_get_dense_ids()
    {
        CreateTutorial(Table + """
            INSERT INTO messages VALUES (7, 'b-0', 'second'), (3, 'a-0', 'first'), (1000000000000000, 'c-0', 'third 😀');
            """);

        var summary = Import();

        Assert.Empty(leftOut);
        Assert.Equal((1, 3), (summary.Rooms, summary.Messages));
        Assert.Empty(ProblemsOf(Log));
        await using var log = SqliteMessageLog.Open(Data);
        Assert.Equal(["first", "second", "third 😀"], await log.TextsAsync("lobby"));
        var anonymous = new RecordingStream(log, "anonymous");
        Assert.Equal(AppendResult.Found(2), await anonymous.SendAsync("lobby", "b-0", "second"));
        Assert.Equal(AppendResult.Stored(4), await anonymous.SendAsync("lobby", "new"));
    }

    [Fact]
    public void A_database_in_use_with_a_write_ahead_log_is_read_with_it()
    {
        using var tutorial = Connect();
        SqliteLogFile.Execute(tutorial, "PRAGMA journal_mode = WAL;" + Table + "INSERT INTO messages VALUES (1, 'a-0', 'in the write-ahead log')");

        Assert.Equal(1, Import().Messages);
    }

    [Fact]
    public async Task Rows_that_are_no_messages_are_left_out_one_by_one()
    {
        CreateTutorial(Table + """
            INSERT INTO messages VALUES
                (1, 'o-1', 'first'), (2, 'o-2', ''), (3, 'o-3', NULL), (4, 'o-4', printf('%.*c', 30721, 'x')),
                (5, 'o-5', CAST(x'6162FF' AS TEXT)), (6, 'o-6', x'6162'), (7, 'o-7', 'a' || char(0) || 'b'),
                (8, 'o-8', printf('%.*c', 30720, 'x')), (9, 'o-9', 'last');
            """);

        var summary = Import();

        Assert.Equal(3, summary.Messages);
        Assert.Equal(
            [
                "row 2: the text is empty",
                "row 3: the text is empty",
                "row 4: the text has 30721 bytes, but may have at most 30720",
                "row 5: the text is not UTF-8",
                "row 6: the text is not a text",
                "row 7: the text contains U+0000",
            ],
            leftOut);
        Assert.Empty(ProblemsOf(Log));
        await using var log = SqliteMessageLog.Open(Data);
        Assert.Equal(["first", new string('x', 30_720), "last"], await log.TextsAsync("lobby"));
    }

    [Fact]
    public async Task A_row_without_a_valid_client_offset_gets_one_that_no_other_row_has()
    {
        CreateTutorial(Table + """
            INSERT INTO messages VALUES
                (1, NULL, 'a'), (2, NULL, 'b'), (3, '', 'c'), (4, printf('%.*c', 129, 'x'), 'd'), (5, char(10), 'e'),
                (6, 'socket-io-1', 'f'), (7, 'socket-io-2', 'g'), (8, 'socket-io-2-', 'h');
            """);

        Assert.Equal(8, Import().Messages);

        Assert.Empty(leftOut);
        Assert.Empty(ProblemsOf(Log));
        await using var log = SqliteMessageLog.Open(Data);
        var anonymous = new RecordingStream(log, "anonymous");
        Assert.Equal(AppendResult.Found(1), await anonymous.SendAsync("lobby", "socket-io-1-", "a"));
        Assert.Equal(AppendResult.Found(2), await anonymous.SendAsync("lobby", "socket-io-2--", "b"));
        Assert.Equal(AppendResult.Found(6), await anonymous.SendAsync("lobby", "socket-io-1", "f"));
    }

    [Fact]
    public void Of_rows_with_the_same_client_offset_the_first_is_taken()
    {
        CreateTutorial("""
            CREATE TABLE messages (id INTEGER PRIMARY KEY, client_offset TEXT, content TEXT);
            INSERT INTO messages VALUES (1, 'a', 'x'), (2, 'a', 'y'), (3, 'b', 'z');
            """);

        Assert.Equal(2, Import().Messages);

        Assert.Equal(["row 2: an earlier row has its client offset 'a'"], leftOut);
        Assert.Empty(ProblemsOf(Log));
    }

    [Fact]
    public void An_empty_database_becomes_an_empty_log()
    {
        CreateTutorial(Table);

        Assert.Equal((0, 0), (Import().Rooms, Import("other").Messages));
        Assert.Empty(ProblemsOf(Log));
    }

    [Theory]
    [InlineData("CREATE TABLE message (id INTEGER PRIMARY KEY)")]
    [InlineData("CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT)")]
    public void A_database_of_another_form_is_not_imported(string sql)
    {
        CreateTutorial(sql);

        AssertNotDone(() => Import(), "it has no table messages with id, client_offset and content");
        AssertNoLog(Data);
    }

    [Fact]
    public async Task What_is_no_database_is_not_imported()
    {
        AssertNotDone(() => Import(), "does not exist; name the tutorial's database");
        Directory.CreateDirectory(Tutorial);
        AssertNotDone(() => Import(), "is a directory; name the tutorial's database");
        Directory.Delete(Tutorial);
        await File.WriteAllTextAsync(Tutorial, new string('x', 10_000));
        AssertNotDone(() => Import(), "file is not a database");
        AssertNoLog(Data);
    }

    [Fact]
    public void A_truncated_database_is_not_imported()
    {
        CreateTutorial(Table + """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
            INSERT INTO messages SELECT i, 'o-' || i, 'text ' || i FROM n;
            """);
        using (var file = new FileStream(Tutorial, FileMode.Open))
        {
            file.SetLength(file.Length / 8192 * 4096);
        }

        AssertNotDone(() => Import(), "malformed");
        AssertNoLog(Data);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Not valid")]
    public void The_room_must_have_a_valid_name(string room)
    {
        CreateTutorial(Table);

        var error = Assert.Throws<ArgumentException>(() => Log.ImportSocketIo(Tutorial, room, leftOut.Add));

        Assert.Contains("is not a valid room name", error.Message, StringComparison.Ordinal);
        AssertNoLog(Data);
    }

    private LogSummary Import(string? directory = null) =>
        new MessageLogDirectory(PathOf(directory ?? "data")).ImportSocketIo(Tutorial, "lobby", leftOut.Add);

    private void CreateTutorial(string sql)
    {
        using var connection = Connect();
        SqliteLogFile.Execute(connection, sql);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Tutorial};Pooling=False");
        connection.Open();
        return connection;
    }
}
