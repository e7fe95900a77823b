using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Xunit;

namespace GrpcChat.Tests.Diagnostics;

/// <summary>What the service says about itself in numbers.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Each_send_is_counted_once_as_stored_duplicate_or_refused()
    {
        await using var server = await ChatServer.StartAsync();
        using var sends = server.Measure<long>("chat.log.sends");
        using var acks = server.Measure<long>("chat.acks");
        using var refusals = server.Measure<long>("chat.refusals");
        await using var ann = await server.JoinAsync("ann");

        await ann.SendManyAsync("lobby", [("k1", "one"), ("k2", "two"), ("k1", "one"), ("k1", "other"), ("k3", "")]);
        await server.SendOnceAsync("ann", "lobby", "k4", "single");
        await ann.SendManyAsync("NO ROOM", [("k5", "five")]);

        Assert.Equal(3, Sum(sends, ("chat.outcome", "stored")));
        Assert.Equal(1, Sum(sends, ("chat.outcome", "duplicate")));
        Assert.Equal(2, Sum(sends, ("chat.outcome", "refused")));
        Assert.Equal(3, Last(acks));
        Assert.Equal(1, Sum(refusals, ("chat.reason", "offset_reused")));
        Assert.Equal(2, Sum(refusals, ("chat.reason", "invalid")));
    }

    [Fact]
    public async Task Each_batch_tells_its_size_its_commit_and_how_long_its_sends_waited()
    {
        await using var server = await ChatServer.StartAsync();
        using var appends = server.Measure<double>("chat.log.append.duration");
        using var sizes = server.Measure<int>("chat.log.batch.size");
        using var commits = server.Measure<double>("chat.log.commit.duration");

        await server.FillAsync("lobby", 250);

        Assert.Equal(250, appends.GetMeasurementSnapshot().Count);
        Assert.Equal(250, sizes.GetMeasurementSnapshot().Sum(size => size.Value));
        Assert.Equal(sizes.GetMeasurementSnapshot().Count, commits.GetMeasurementSnapshot().Count);
        Assert.True(
            appends.GetMeasurementSnapshot().Max(wait => wait.Value) >= commits.GetMeasurementSnapshot().Min(took => took.Value));
    }

    [Fact]
    public async Task A_reader_that_stops_is_seen_as_lag_and_one_that_has_read_all_is_not()
    {
        await using var server = await ChatServer.StartAsync();
        using var lag = server.Measure<long>("chat.delivery.lag");
        await using var slow = await server.JoinAsync("slow");
        await server.FillAsync("lobby", 2000, textLength: 1000);

        await server.UntilAFrameIsStuckAsync();
        var behind = Last(lag);
        await slow.UntilAsync(c => c.Messages.Count == 2000);

        Assert.InRange(behind, 1, 2000);
        Assert.Equal(0, Last(lag));
    }

    [Fact]
    public async Task Reads_of_the_tail_and_of_the_log_are_told_apart()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);
        using var reads = server.Measure<long>("chat.tail.reads");
        using var wakeUps = server.Measure<long>("chat.wakeups");

        await using var reader = await server.JoinAsync("reader");
        await reader.UntilAsync(c => c.Messages.Count == 10);
        var (hitsOfReplay, missesOfReplay) = Reads();
        await server.SendOnceAsync("ann", "lobby", "k", "live");
        await reader.UntilAsync(c => c.Messages.Count == 11);
        var (hits, misses) = Reads();

        Assert.Equal((0, 1), (hitsOfReplay, missesOfReplay));
        Assert.Equal((1, 1), (hits, misses));
        Assert.True(Last(wakeUps) >= 1);

        (long Hits, long Misses) Reads()
        {
            reads.RecordObservableInstruments();
            var last = reads.GetMeasurementSnapshot().TakeLast(2).ToList();
            return (
                last.Single(at => Equals(at.Tags["chat.tail.hit"], true)).Value,
                last.Single(at => Equals(at.Tags["chat.tail.hit"], false)).Value);
        }
    }

    [Fact]
    public async Task The_queue_of_the_log_is_shown_beside_its_bound()
    {
        using var goOn = new ManualResetEventSlim();
        await using var server = await ChatServer.StartAsync(_ => goOn.Wait(), options => options.MaxUnackedSends = 50);
        using var queue = server.Measure<long>("chat.log.queue");
        using var bound = server.Measure<long>("chat.log.queue.limit");
        await using var ann = await server.JoinAsync("ann");
        await ann.WriteAsync(new ChatRequest
        {
            Sends = { Enumerable.Range(1, 7).Select(n => new Send { ClientOffset = $"k{n}", Text = "x" }) },
        });

        for (var waited = System.Diagnostics.Stopwatch.StartNew(); Last(queue) < 7 && waited.Elapsed < ChatCall.Deadline;)
        {
            await Task.Delay(5);
        }

        var queued = Last(queue);
        goOn.Set();
        await ann.UntilAsync(c => c.Acks.Count == 7);

        Assert.Equal((7, 4096), (queued, Last(bound)));
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task The_sizes_of_the_files_and_the_free_space_of_their_disk_are_those_of_the_disk()
    {
        await using var server = await ChatServer.StartAsync();
        using var wal = server.Measure<long>("chat.log.wal.size");
        using var size = server.Measure<long>("chat.log.size");
        using var free = server.Measure<long>("chat.log.disk.free");

        await server.FillAsync("lobby", 10);

        Assert.Equal(new FileInfo(server.Log.Location).Length, Last(size));
        Assert.Equal(new FileInfo(server.Log.Location + "-wal").Length, Last(wal));
        Assert.InRange(Last(free), 1, long.MaxValue);
    }

    [Fact]
    public async Task A_limit_that_refuses_is_counted_under_the_name_of_its_option()
    {
        await using var server = await ChatServer.StartAsync(
            options => (options.MaxNewRoomsPerSenderAndMinute, options.MaxRoomsPerStream) = (1, 1));
        using var limited = server.Measure<long>("chat.limited");
        await using var ann = await server.JoinAsync("ann");

        await ann.SendManyAsync("lobby", [("k1", "one")]);
        await ann.SendManyAsync("second", [("k2", "two")]);
        await ann.JoinAsync(new Join { Room = "third" });
        await ann.UntilAsync(c => c.Left.Count == 1);

        Assert.Equal(1, Sum(limited, ("chat.limit", nameof(ChatOptions.MaxNewRoomsPerSenderAndMinute))));
        Assert.Equal(1, Sum(limited, ("chat.limit", nameof(ChatOptions.MaxRoomsPerStream))));
    }

    private static long Sum(MetricCollector<long> collector, (string Key, string Value) tag) =>
        collector.GetMeasurementSnapshot().Where(at => Equals(at.Tags[tag.Key], tag.Value)).Sum(at => at.Value);

    private static long Last(MetricCollector<long> collector)
    {
        collector.RecordObservableInstruments();
        return collector.LastMeasurement!.Value;
    }
}
