using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What counts as free space of a page, and that all of it is cleared.</summary>
public sealed class SqliteWipeTests : SqliteMessageLogTest
{
    private const int PageSize = 4096;

    [Fact]
    public async Task Free_space_of_a_page_is_everything_that_no_row_needs()
    {
        var log = Open();
        var random = new Random(24);
        var ann = new RecordingStream(log);
        for (var n = 0; n < 3000; n++)
        {
            await ann.HandOverAsync($"room-{random.Next(7)}", $"{n}", new string('x', random.Next(1, 300)) + new string('y', n % 9 == 0 ? 6000 : 0));
        }

        await ann.AnswersAsync(3000);
        await CloseAsync(log);
        using (var other = Connect())
        {
            // Makes free blocks, pieces that are too small for one, and pages with few rows.
            SqliteLogFile.Execute(other, "UPDATE message SET text = substr(text, 1, length(text) - position % 40) WHERE position % 3 = 0");
            SqliteLogFile.Execute(other, "PRAGMA wal_checkpoint(TRUNCATE)");
        }

        var content = await File.ReadAllBytesAsync(DatabasePath);
        var form = new SqlitePage(PageSize);
        var free = 0;
        for (var page = 0; page < content.Length / PageSize; page++)
        {
            var bytes = content.AsSpan(page * PageSize, PageSize);
            Assert.True(form.TryRead(bytes, page == 0 ? 100 : 0), $"page {page + 1}");
            foreach (var (start, end) in form.Free)
            {
                bytes[start..end].Fill(0xA5);
                free += end - start;
            }
        }

        Assert.True(free > 100_000);
        string before;
        using (var other = Connect())
        {
            before = (string)Scalar(other, "SELECT group_concat(position || text || client_offset || checksum) FROM message")!;
        }

        await File.WriteAllBytesAsync(DatabasePath, content);
        using var changed = Connect();
        Assert.Equal("ok", Scalar(changed, "PRAGMA integrity_check"));
        Assert.Equal(before, Scalar(changed, "SELECT group_concat(position || text || client_offset || checksum) FROM message"));
    }

    [Fact]
    public void A_page_that_is_not_as_SQLite_writes_it_is_damaged()
    {
        var page = new byte[4096];
        page[0] = 13;
        page[3] = 1;
        page[4] = 200; // 456 rows do not fit.
        page[5] = 1;

        Assert.False(new SqlitePage(4096).TryRead(page, 0));
        Assert.True(new SqlitePage(4096).TryRead(new byte[4096], 0));
    }

    [Fact]
    public void A_page_that_is_written_between_two_steps_is_cleared_again()
    {
        Directory.CreateDirectory(DataDirectory);
        using var writer = SqliteLogFile.Connect(DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(5));
        SqliteLogFile.Execute(writer, """
            PRAGMA journal_mode = WAL;
            PRAGMA wal_autocheckpoint = 0;
            CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
            INSERT INTO rows SELECT i, printf('%0200d', i) FROM n;
            """);
        using var file = File.OpenHandle(DatabasePath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var wipe = new SqliteWipe(
            writer, new SqliteCheckpoints(writer, TimeSpan.FromSeconds(5)), file, DatabasePath);
        Assert.Equal(WipeProgress.More, wipe.Step());

        // As if SQLite had moved something there, on a page that has been cleared; then it writes the page.
        var page = new byte[PageSize];
        RandomAccess.Read(file, page, 500 * PageSize);
        var form = new SqlitePage(PageSize);
        Assert.True(form.TryRead(page, 0));
        var (start, end) = Assert.Single(form.Free);
        Assert.True(end - start > 8);
        RandomAccess.Write(file, "LEFTOVER"u8, (500 * PageSize) + start);
        SqliteLogFile.Execute(writer, "UPDATE rows SET text = replace(text, '0', '1')");

        Assert.Equal(WipeProgress.Done, wipe.Step());
        var content = new byte[RandomAccess.GetLength(file)];
        RandomAccess.Read(file, content, 0);
        Assert.Equal(-1, content.AsSpan().IndexOf("LEFTOVER"u8));
        Assert.Equal(0, new FileInfo(DatabasePath + "-wal").Length);
        Assert.Equal("ok", Scalar(writer, "PRAGMA integrity_check"));
    }
}
