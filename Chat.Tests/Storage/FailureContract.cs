using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Failures: what happens to the streams of a batch that was not stored, and what ends the log.</summary>
public abstract class FailureContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task Nothing_of_a_failed_stream_is_stored_after_its_failure_whichever_batch_it_waits_in()
    {
        var log = Open();
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));
        var first = Gate.HoldNext(new StoreUnavailableException("the disk is full"));
        var second = Gate.HoldNext();

        await ann.HandOverAsync("room", "1", "ann 1");
        await first.ReachedAsync();
        await ann.HandOverAsync("room", "2", "ann 2");
        await bob.HandOverAsync("room", "1", "bob 1");
        first.Release();

        await second.ReachedAsync();
        await ann.HandOverAsync("elsewhere", "3", "ann 3");
        await ann.HandOverAsync("room", "4", "ann 4");
        await bob.HandOverAsync("room", "2", "bob 2");
        second.Release();
        var answers = await bob.AnswersAsync(2);

        Assert.Equal([AppendResult.Stored(1), AppendResult.Stored(2)], answers.Select(send => send.Result));
        Assert.Equal(["bob 1", "bob 2"], await log.TextsAsync("room"));
        Assert.Equal(RoomBounds.Empty, await log.BoundsAsync("elsewhere"));
        AssertFailedOnce(ann);

        // The client reconnects and repeats its unanswered sends.
        var again = new RecordingStream(log, "ann");
        Assert.Equal(
            [AppendResult.Stored(3), AppendResult.Stored(4), AppendResult.Stored(1), AppendResult.Stored(5)],
            await SendAsync(
                log,
                inOneBatch: false,
                again.NewSend("room", "1", "ann 1"),
                again.NewSend("room", "2", "ann 2"),
                again.NewSend("elsewhere", "3", "ann 3"),
                again.NewSend("room", "4", "ann 4")));
        Assert.Equal(["bob 1", "bob 2", "ann 1", "ann 2", "ann 4"], await log.TextsAsync("room"));
        Assert.Equal(["ann 3"], await log.TextsAsync("elsewhere"));
        AssertFailedOnce(ann);
    }

    [Fact]
    public async Task Every_stream_of_a_failed_batch_fails_once_and_gets_no_answer()
    {
        var log = Open();
        await new RecordingStream(log, "ann").SendAsync("room", "1");
        var (duplicate, refused, several, first) =
            (new RecordingStream(log), new RecordingStream(log), new RecordingStream(log), new RecordingStream(log));
        var filler = Gate.HoldNext();
        await first.HandOverAsync("room", "before", refuseIfNew: Unwanted);
        await filler.ReachedAsync();
        Gate.FailNext(new StoreUnavailableException("the disk is full"));

        await duplicate.HandOverAsync("room", "1");
        await refused.HandOverAsync("room", "2", refuseIfNew: Unwanted);
        await several.HandOverAsync("room", "3");
        await several.HandOverAsync("room", "4");
        await several.HandOverAsync("room", "5");
        filler.Release();

        foreach (var stream in (RecordingStream[])[duplicate, refused, several])
        {
            await stream.FailureAsync();
        }

        // Answered after all of the failed batch.
        var last = new RecordingStream(log);
        Assert.Equal(AppendResult.Stored(2), await last.SendAsync("room", "3"));
        Assert.All([duplicate, refused, several], AssertFailedOnce);
        Assert.Equal(0, first.Failures);
        Assert.Equal([Unwanted], first.Answers.Select(send => send.Result));
    }

    [Fact]
    public async Task A_failed_batch_leaves_no_message_room_sender_or_client_offset_behind()
    {
        var log = Open();
        await new RecordingStream(log, "ann").SendAsync("room", "1", "1");
        var committed = new List<string>();
        log.Committed += commit => committed.Add($"{commit.Room} {commit.Head}");
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log, "new sender");
        await failing.HandOverAsync("room", "2", "2");
        await failing.FailureAsync();
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        failing = new RecordingStream(log, "new sender");
        await failing.HandOverAsync("new room", "3", "3");
        await failing.FailureAsync();

        Assert.Equal(new RoomBounds(1, 1), await log.BoundsAsync("room"));
        Assert.Equal(RoomBounds.Empty, await log.BoundsAsync("new room"));
        Assert.Equal(new LogSize(1, 1), log.Size);

        // The same client offsets with different texts: they were never stored, so this is not a reuse.
        var again = new RecordingStream(log, "new sender");
        Assert.Equal(
            [AppendResult.Stored(1), AppendResult.Stored(2), AppendResult.Found(1)],
            await SendAsync(
                log,
                inOneBatch: false,
                again.NewSend("new room", "3", "another 3"),
                again.NewSend("room", "2", "another 2"),
                again.NewSend("new room", "3", "another 3")));
        Assert.Equal(["1", "another 2"], await log.TextsAsync("room"));
        Assert.Equal(["another 3"], await log.TextsAsync("new room"));
        Assert.Equal("new sender", (await log.PageAsync("new room")).Single().Sender);
        Assert.Equal(new LogSize(2, 3), log.Size);
        await CloseAsync(log);
        Assert.Equal(["new room 1", "room 2"], committed);
    }

    [Fact]
    public async Task An_unexpected_error_ends_the_log_and_leaves_no_caller_waiting()
    {
        var log = Open(Options with { MaxQueuedSends = 2 });
        await new RecordingStream(log).SendAsync("room", "0", "0");
        var streams = Enumerable.Range(0, 5).Select(_ => new RecordingStream(log)).ToList();
        var error = new InvalidOperationException("unexpected");
        var held = Gate.HoldNext(error);
        await streams[0].HandOverAsync("room", "1");
        await held.ReachedAsync();
        await streams[1].HandOverAsync("room", "2");

        // The queue has no place left for these.
        var waiting = streams[2..].Select(stream => stream.HandOverAsync("room", "3")).ToList();
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        Assert.False(log.Stopped.IsCompleted);
        held.Release();

        await Task.WhenAll(waiting);
        Assert.All(streams, AssertFailedOnce);
        Assert.Same(error, await Assert.ThrowsAsync<InvalidOperationException>(() => StoppedAsync(log)));

        var later = new RecordingStream(log);
        await later.HandOverAsync("room", "4");
        await later.HandOverAsync("room", "5");
        AssertFailedOnce(later);
        Assert.Equal(["0"], await log.TextsAsync("room"));
        Assert.Equal(new RoomBounds(1, 1), await log.BoundsAsync("room"));
        await CloseAsync(log);
    }

    [Fact]
    public async Task Nothing_is_stored_after_an_unexpected_error()
    {
        var log = Open();
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));
        var held = Gate.HoldNext(new InvalidOperationException("unexpected"));
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();
        await bob.HandOverAsync("room", "2");
        held.Release();

        await Assert.ThrowsAsync<InvalidOperationException>(() => StoppedAsync(log));
        var cid = new RecordingStream(log, "cid");
        await cid.HandOverAsync("other", "3");
        Assert.Single(Gate.Batches);
        Assert.All((string[])["room", "other"], room => Assert.Equal(RoomBounds.Empty, log.BoundsAsync(room).Result));
        Assert.All([ann, bob, cid], AssertFailedOnce);
        await CloseAsync(log);
    }
}

public sealed class InMemoryFailureTests() : FailureContract(LogKind.InMemory);

public sealed class SqliteFailureTests() : FailureContract(LogKind.Sqlite);

public sealed class PostgresFailureTests() : FailureContract(LogKind.Postgres);
