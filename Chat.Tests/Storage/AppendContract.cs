using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>
/// The queue: how sends get into it, how they are answered, and what happens to them when the log closes.
/// </summary>
public abstract class AppendContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task Answers_come_for_each_room_in_the_order_in_which_a_stream_appended()
    {
        const int Sends = 300;
        var log = Open(Options with { MaxQueuedSends = 64 });
        var streams = Enumerable.Range(0, 6).Select(i => new RecordingStream(log, $"sender {i}")).ToList();

        // New, duplicate, reused and refused sends in two rooms: whatever the answer is, it keeps its place.
        var handedOver = await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            var sends = new List<Append>();
            for (var i = 0; i < Sends; i++)
            {
                sends.Add(await stream.HandOverAsync(
                    i % 7 == 0 ? "other" : "room",
                    $"{i / 2}",
                    i % 6 == 1 ? "other text" : "text",
                    i % 5 == 0 ? Unwanted : null));
            }

            return sends;
        })));

        for (var i = 0; i < streams.Count; i++)
        {
            var answers = await streams[i].AnswersAsync(Sends);
            Assert.All(
                (string[])["room", "other"],
                room => Assert.Equal(handedOver[i].Where(send => send.Room == room), answers.Where(send => send.Room == room)));
        }
    }

    [Fact]
    public async Task A_send_waits_while_the_queue_is_full()
    {
        var log = Open(Options with { MaxQueuedSends = 2 });
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1", "1");
        await held.ReachedAsync();
        await ann.HandOverAsync("room", "2", "2");

        var third = bob.HandOverAsync("room", "3", "3");
        Assert.False(third.IsCompleted);
        held.Release();

        await third;
        await bob.AnswersAsync(1);
        await ann.AnswersAsync(2);
        Assert.Equal(["1", "2", "3"], await log.TextsAsync("room"));
        Assert.All(Gate.Batches, batch => Assert.InRange(batch.Length, 1, 2));
    }

    [Fact]
    public async Task A_cancelled_wait_for_the_queue_stores_nothing_and_fails_no_stream()
    {
        var log = Open(Options with { MaxQueuedSends = 1 });
        var ann = new RecordingStream(log);
        using var cancellation = new CancellationTokenSource();
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1", "1");
        await held.ReachedAsync();

        var waiting = log.AppendAsync(ann.NewSend("room", "2", "2"), cancellation.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Release();

        Assert.Equal(AppendResult.Stored(2), await ann.SendAsync("room", "3", "3"));
        Assert.Equal(AppendResult.Stored(3), await ann.SendAsync("room", "4", "4"));
        Assert.Equal(["1", "3", "4"], await log.TextsAsync("room"));
        Assert.False(ann.HasFailed);
    }

    [Fact]
    public async Task A_queued_send_is_stored_even_if_its_token_is_cancelled()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        using var cancellation = new CancellationTokenSource();
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1", "1");
        await held.ReachedAsync();

        await log.AppendAsync(ann.NewSend("room", "2", "2"), cancellation.Token);
        await cancellation.CancelAsync();
        held.Release();

        await ann.AnswersAsync(2);
        Assert.Equal(["1", "2"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task Refused_failed_and_dropped_sends_free_their_places_in_the_queue()
    {
        var log = Open(Options with { MaxQueuedSends = 3 });
        for (var round = 0; round < 10; round++)
        {
            var held = Gate.HoldNext(new StoreUnavailableException("the disk is full"));
            var failing = new RecordingStream(log);
            await failing.HandOverAsync("room", "failed");
            await held.ReachedAsync();
            await failing.HandOverAsync("room", "dropped");
            await failing.HandOverAsync("room", "dropped as well");
            held.Release();
            await failing.FailureAsync();
            Assert.Equal(Unwanted, await new RecordingStream(log).SendAsync("room", "refused", refuseIfNew: Unwanted));
        }

        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "offset"));
    }

    [Fact]
    public async Task Committed_is_raised_for_each_room_when_its_messages_can_be_read()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        var commits = new List<(string Room, long Head, long BoundsHead, long LastRead)>();
        log.Committed += commit =>
        {
            // The room's writer waits for this, so nothing else is stored in the room meanwhile.
            var bounds = log.BoundsAsync(commit.Room);
            var page = log.PageAsync(commit.Room);
            lock (commits)
            {
                commits.Add((commit.Room, commit.Head, bounds.Result.Head, page.Result[^1].Id));
            }
        };

        await SendAsync(
            log,
            inOneBatch: true,
            ann.NewSend("room", "1"),
            ann.NewSend("other", "1"),
            ann.NewSend("room", "2"),
            ann.NewSend("room", "2"),
            ann.NewSend("refused", "3", refuseIfNew: Unwanted));
        await SendAsync(log, inOneBatch: true, ann.NewSend("room", "1"), ann.NewSend("other", "1", "reused"));
        await SendAsync(log, inOneBatch: true, ann.NewSend("other", "2"));
        await CloseAsync(log);

        Assert.Equal([("room", 2, 2, 2)], commits.Where(commit => commit.Room == "room"));
        Assert.Equal([("other", 1, 1, 1), ("other", 2, 2, 2)], commits.Where(commit => commit.Room == "other"));
    }

    [Fact]
    public async Task A_commit_shows_what_is_read_afterwards_and_nothing_of_a_failed_batch()
    {
        var log = Open();
        var (ann, zoe) = (new RecordingStream(log, "ann"), new RecordingStream(log, "Zoë 👋"));
        var shown = new CollectingSink();
        log.Committed += commit =>
        {
            lock (shown)
            {
                commit.Show(shown);
            }
        };

        await SendAsync(
            log,
            inOneBatch: true,
            ann.NewSend("room", "1", "one"),
            zoe.NewSend("other", "schlüssel-1", "世界"),
            zoe.NewSend("room", "schlüssel-1", "zwei 👋"),
            ann.NewSend("room", "1", "one"),
            ann.NewSend("room", "2", "refused", refuseIfNew: Unwanted),
            ann.NewSend("room", "3", "three"));
        var held = Gate.HoldNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log, "eve");
        await failing.HandOverAsync("room", "failed");
        await held.ReachedAsync();
        held.Release();
        await failing.FailureAsync();
        await SendAsync(log, inOneBatch: true, ann.NewSend("room", "4", "four"), ann.NewSend("other", "4", "vier"));
        await SendAsync(log, inOneBatch: true, ann.NewSend("room", "4", "four"));

        var read = new List<ReadMessage>();
        foreach (var room in (string[])["room", "other"])
        {
            read.AddRange(await log.AllAsync(room));
        }

        Assert.Equal(6, read.Count);
        Assert.Equal(read, shown.Messages.OrderBy(message => message.Room == "other").ThenBy(message => message.Id));
    }

    [Fact]
    public async Task Closing_stores_and_answers_every_queued_send()
    {
        var log = Open();
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1", "1");
        await held.ReachedAsync();
        await ann.HandOverAsync("room", "2", "2");
        await bob.HandOverAsync("room", "3", "3");
        var heads = new List<long>();
        log.Committed += commit => heads.Add(commit.Head);

        var closing = CloseAsync(log);
        Assert.False(closing.IsCompleted);
        Assert.False(log.Stopped.IsCompleted);
        held.Release();
        await closing;

        Assert.True(log.Stopped.IsCompletedSuccessfully);
        Assert.Equal([AppendResult.Stored(1), AppendResult.Stored(2)], ann.Answers.Select(send => send.Result));
        Assert.Equal([AppendResult.Stored(3)], bob.Answers.Select(send => send.Result));
        Assert.Equal([1, 3], heads);
        Assert.All([ann, bob], stream => Assert.False(stream.HasFailed));
    }

    [Fact]
    public async Task A_send_to_a_log_that_closes_fails_its_stream_after_the_answers_to_its_earlier_ones()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();
        await ann.HandOverAsync("room", "2");
        var closing = CloseAsync(log);

        var late = ann.HandOverAsync("room", "3");
        held.Release();
        await late;
        await closing;

        Assert.Equal([AppendResult.Stored(1), AppendResult.Stored(2)], ann.Answers.Select(send => send.Result));
        Assert.Equal(1, ann.Failures);
        Assert.False(ann.AnsweredAfterFailure);
    }

    [Fact]
    public async Task Sends_that_wait_for_a_place_when_the_log_is_closed_fail_and_do_not_hang()
    {
        var log = Open(Options with { MaxQueuedSends = 1 });
        var ann = new RecordingStream(log);
        var others = Enumerable.Range(0, 2_000).Select(i => new RecordingStream(log, $"sender {i}")).ToList();
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();
        var waiting = others.Select(stream => stream.HandOverAsync("room", "2")).ToList();

        var closing = CloseAsync(log);
        held.Release();
        await closing;

        await Task.WhenAll(waiting);
        Assert.All(others, AssertFailedOnce);
        Assert.Equal([AppendResult.Stored(1)], ann.Answers.Select(send => send.Result));
    }

    [Fact]
    public async Task A_send_to_a_closed_log_fails_its_stream()
    {
        var log = Open();
        await CloseAsync(log);
        var ann = new RecordingStream(log);

        await ann.HandOverAsync("room", "1");

        AssertFailedOnce(ann);
    }
}

public sealed class InMemoryAppendTests() : AppendContract(LogKind.InMemory);

public sealed class SqliteAppendTests() : AppendContract(LogKind.Sqlite);

public sealed class PostgresAppendTests() : AppendContract(LogKind.Postgres);
