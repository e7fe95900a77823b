using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>The write-ahead log: that it stays small and is truncated.</summary>
public sealed class SqliteCheckpointTests : SqliteMessageLogTest
{
    private static string LargeText { get; } = new('x', 16 * 1024);

    [Fact]
    public async Task The_write_ahead_log_is_truncated_when_nothing_is_sent()
    {
        var log = Open();
        await StoreLargeAsync(log, 100);

        await UntilAsync(() => WriteAheadBytes() == 0);

        Assert.Equal(100, (await log.TextsAsync("large")).Length);
        Assert.Equal(AppendResult.Stored(101), await new RecordingStream(log).SendAsync("large", "offset"));
    }

    [Fact]
    public async Task The_write_ahead_log_is_truncated_after_a_read_that_outlasted_the_first_attempt()
    {
        var log = Open();
        await StoreLargeAsync(log, 100);
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN");
        Scalar(other, "SELECT count(*) FROM message");

        // The first attempt moves everything into the database, but cannot truncate the file while it is being read.
        await UntilAsync(() => new FileInfo(DatabasePath).Length > 100 * LargeText.Length);
        SqliteLogFile.Execute(other, "COMMIT");

        await UntilAsync(() => WriteAheadBytes() == 0);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_small_while_sends_go_on()
    {
        var log = Open(Options with { MaxQueuedSends = 256 });
        var largest = 0L;
        log.Committed += _ => largest = Math.Max(largest, WriteAheadBytes());

        // About 100 MB, in batches without a pause between them.
        await StoreLargeAsync(log, 5_000);
        await CloseAsync(log);

        Assert.InRange(largest, 1, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_small_while_readers_are_always_active()
    {
        var log = Open(Options with { MaxQueuedSends = 256 });
        var largest = 0L;
        log.Committed += _ => largest = Math.Max(largest, WriteAheadBytes());
        using var enough = new CancellationTokenSource();
        var reading = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var head = (await log.BoundsAsync("large")).Head;
                await log.ReadAsync("large", Math.Max(0, head - 4), new CollectingSink(most: 4));
            }
        })).ToList();

        await StoreLargeAsync(log, 12_000);
        await enough.CancelAsync();
        await Task.WhenAll(reading);
        await CloseAsync(log);

        // About 250 MB were written. A truncation that a reader prevents is tried again.
        Assert.InRange(largest, 1, 128 * 1024 * 1024);
    }

    private static async Task StoreLargeAsync(IMessageLog log, int count)
    {
        var stream = new RecordingStream(log, "storer");
        for (var i = 1; i <= count; i++)
        {
            await stream.HandOverAsync("large", $"{i}", LargeText);
        }

        await stream.AnswersAsync(count);
    }

    private long WriteAheadBytes() => new FileInfo(DatabasePath + "-wal").Length;

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(RecordingStream.Deadline);
        while (!isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
        }
    }
}
