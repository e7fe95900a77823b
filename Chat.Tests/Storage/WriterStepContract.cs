using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Steps on the writer's thread: when they run, and what their errors mean.</summary>
public abstract class WriterStepContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task A_step_runs_after_the_batch_that_is_being_stored_and_gives_its_result()
    {
        var log = (GroupCommitLog)Open();
        var held = Gate.HoldNext();
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();

        var step = log.RunOnWriterAsync(() => (log.Size, Thread.CurrentThread.Name), CancellationToken.None);
        Assert.False(step.IsCompleted);
        held.Release();

        Assert.Equal((new LogSize(1, 1), "log writer"), await step.WaitAsync(RecordingStream.Deadline));
    }

    [Fact]
    public async Task A_step_gets_its_turn_although_sends_are_always_waiting()
    {
        GroupCommitLog? log = null;
        RecordingStream? ann = null;
        var (stopped, sent) = (false, 0);

        // Before each batch is committed, the next send is in the queue.
        log = (GroupCommitLog)Open(Options with { BeforeCommit = _ => SendAnother() });
        ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "first");

        await log.RunOnWriterAsync(() => stopped = true, CancellationToken.None).WaitAsync(RecordingStream.Deadline);

        await ann.AnswersAsync(1 + sent);

        void SendAnother()
        {
            if (!stopped)
            {
                var queued = log!.AppendAsync(ann!.NewSend("room", $"{++sent}"), CancellationToken.None);
                Assert.True(queued.IsCompletedSuccessfully);
            }
        }
    }

    [Fact]
    public async Task Sends_get_their_turn_although_steps_are_always_waiting()
    {
        var log = (GroupCommitLog)Open();
        using var enough = new CancellationTokenSource();
        var running = Enumerable.Range(0, 4).Select(_ => AskAgainAndAgainAsync()).ToArray();

        var ann = new RecordingStream(log);
        for (var n = 0; n < 20; n++)
        {
            Assert.Equal(AppendResult.Stored(n + 1), await ann.SendAsync("room", $"{n}"));
        }

        await enough.CancelAsync();
        Assert.All(await Task.WhenAll(running).WaitAsync(RecordingStream.Deadline), steps => Assert.True(steps > 0));

        async Task<int> AskAgainAndAgainAsync()
        {
            var steps = 0;
            while (!enough.IsCancellationRequested)
            {
                steps += await log.RunOnWriterAsync(() => 1, CancellationToken.None);
            }

            return steps;
        }
    }

    [Fact]
    public async Task After_a_step_that_certainly_did_nothing_the_log_goes_on_and_says_why_until_it_can_write_again()
    {
        var log = (GroupCommitLog)Open();
        var said = new List<string?>();
        var recovered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Health.Changed += () =>
        {
            said.Add(log.Health.WriteProblem);
            if (log.Health.WriteProblem is null)
            {
                recovered.TrySetResult();
            }
        };

        var error = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => log.RunOnWriterAsync(Fail, CancellationToken.None).WaitAsync(RecordingStream.Deadline));

        Assert.Equal("the disk is full", error.Message);
        Assert.Equal("the disk is full", said[0]);
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "1"));
        await recovered.Task.WaitAsync(RecordingStream.Deadline);

        static int Fail() => throw new StoreUnavailableException("the disk is full");
    }

    [Fact]
    public async Task After_a_step_that_met_damage_the_log_goes_on()
    {
        var log = (GroupCommitLog)Open();

        await Assert.ThrowsAsync<LogDamagedException>(
            () => log.RunOnWriterAsync<int>(() => throw new LogDamagedException("message 1 is missing"), CancellationToken.None)
                .WaitAsync(RecordingStream.Deadline));

        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "1"));
    }

    [Fact]
    public async Task After_a_step_whose_outcome_is_unknown_nothing_more_is_stored_and_every_asker_is_told()
    {
        var log = (GroupCommitLog)Open();
        var held = Gate.HoldNext();
        var (ann, bob) = (new RecordingStream(log), new RecordingStream(log, "bob"));
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();
        var failing = log.RunOnWriterAsync<int>(() => throw new IOException("the disk failed"), CancellationToken.None);
        var waiting = log.RunOnWriterAsync(() => 1, CancellationToken.None);
        held.Release();

        await Assert.ThrowsAsync<IOException>(() => failing.WaitAsync(RecordingStream.Deadline));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => waiting.WaitAsync(RecordingStream.Deadline));
        await Assert.ThrowsAsync<IOException>(() => StoppedAsync(log));
        await bob.HandOverAsync("room", "1");
        await bob.FailureAsync();
        Assert.Equal(1, log.Size.Messages);
        await CloseAsync(log);
    }

    [Fact]
    public async Task A_step_that_waits_behind_a_batch_which_ends_the_log_is_told_so()
    {
        var log = (GroupCommitLog)Open();
        var held = Gate.HoldNext();
        var last = Gate.HoldNext(new IOException("the disk failed"));
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();
        await ann.HandOverAsync("room", "2");
        var step = log.RunOnWriterAsync(() => 1, CancellationToken.None);
        held.Release();
        await last.ReachedAsync();
        last.Release();

        await Assert.ThrowsAsync<IOException>(() => step.WaitAsync(RecordingStream.Deadline));
        await Assert.ThrowsAsync<IOException>(() => StoppedAsync(log));
        await CloseAsync(log);
    }

    [Fact]
    public async Task Sends_are_stored_between_two_steps_of_a_trim()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        for (var n = 1; n <= 1_500; n++)
        {
            await ann.HandOverAsync("room", $"{n}");
        }

        await ann.AnswersAsync(1_500);
        var held = Gate.HoldNext();
        var first = log.TrimAsync("room", 500, CancellationToken.None);
        await held.ReachedAsync();
        await ann.HandOverAsync("other", "1");
        var second = log.TrimAsync("room", 1_000, CancellationToken.None);
        var secondHeld = Gate.HoldNext();
        var thirdHeld = Gate.HoldNext();
        held.Release();

        // The send is the next transaction, although the second step was asked for before it was taken.
        await secondHeld.ReachedAsync();
        Assert.Single(Gate.Batches[^1]);
        secondHeld.Release();
        thirdHeld.Release();

        await ann.AnswersAsync(1_501);
        Assert.Equal(501, (await first.WaitAsync(RecordingStream.Deadline)).Oldest);
        Assert.Equal(1_001, (await second.WaitAsync(RecordingStream.Deadline)).Oldest);
    }

    [Fact]
    public async Task A_closed_log_runs_no_step()
    {
        var log = (GroupCommitLog)Open();
        await CloseAsync(log);

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => log.RunOnWriterAsync(() => 1, CancellationToken.None).WaitAsync(RecordingStream.Deadline));
    }

    [Fact]
    public async Task A_step_that_is_cancelled_before_its_turn_is_not_run()
    {
        var log = (GroupCommitLog)Open();
        var held = Gate.HoldNext();
        await new RecordingStream(log).HandOverAsync("room", "1");
        await held.ReachedAsync();
        var first = log.RunOnWriterAsync(() => 1, CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var second = log.RunOnWriterAsync<int>(() => throw new IOException("it ran"), cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(RecordingStream.Deadline));
        held.Release();

        Assert.Equal(1, await first.WaitAsync(RecordingStream.Deadline));
    }
}

public sealed class InMemoryWriterStepTests() : WriterStepContract(LogKind.InMemory);

public sealed class SqliteWriterStepTests() : WriterStepContract(LogKind.Sqlite);
