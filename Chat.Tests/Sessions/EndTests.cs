using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>How streams end: half-close, drain, a store that fails, a client that stalls.</summary>
public sealed class EndTests
{
    [Fact]
    public async Task Half_close_drains_the_acks()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");

        // 200 sends are under way and nothing has been read when the client completes its requests.
        await ann.WriteAsync(new ChatRequest
        {
            Sends = { Enumerable.Range(0, 200).Select(n => new Send { Room = "lobby", ClientOffset = $"k-{n}", Text = "x" }) },
        });
        await ann.CompleteAsync();

        Assert.Equal(StatusCode.OK, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal(Enumerable.Range(1, 200).Select(id => (long)id), ann.Acks.Select(a => a.Id));
        Assert.Null(ann.GoAway);
    }

    [Fact]
    public async Task Half_close_delivers_what_is_there_with_its_own_sends_and_ends_with_OK()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 2000, textLength: 300);
        await using var ann = server.Open("ann");
        await ann.SendAsync("k", "mine");
        await ann.CompleteAsync();

        Assert.Equal(StatusCode.OK, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal(Enumerable.Range(1, 2001).Select(id => (long)id), ann.Ids());
        Assert.Equal("mine", ann.Messages[^1].Text);
        Assert.InRange(Assert.Single(ann.CaughtUp).Id, 2000, 2001);
    }

    [Fact]
    public async Task Half_close_ends_although_others_go_on_sending()
    {
        HookedLog? hooked = null;
        await using var server = await ChatServer.StartAsync(
            options => options.MaxTailBytes = 0, // so that every message is read from the log
            openLog: data => hooked = new HookedLog(TestLog.Open(data)));
        await server.FillAsync("lobby", 2);
        await using var first = server.Open("first", "room", "-");
        await using var busy = server.Open("busy", "room", "-");
        await using var ann = server.Open("ann");
        await ann.UntilAsync(c => c.CaughtUp.Count == 1);

        // Whenever a page has been read, one more message is committed: there is never an end to it by itself.
        var sent = 0;
        hooked!.AfterNextRead = SendOneMoreAsync;
        await first.SendManyAsync("lobby", [("first", "first")]);
        await ann.UntilAsync(c => c.Messages.Count >= 10);
        await ann.CompleteAsync();

        Assert.Equal(StatusCode.OK, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal(Enumerable.Range(1, ann.Messages.Count).Select(id => (long)id), ann.Ids());
        hooked.AfterNextRead = null;

        async Task SendOneMoreAsync()
        {
            hooked!.AfterNextRead = SendOneMoreAsync;
            await busy.SendManyAsync("lobby", [($"more-{sent++}", "more")]);
        }
    }

    [Fact]
    public async Task What_was_unanswered_when_GoAway_came_is_not_in_the_log()
    {
        using var data = new TempDirectory();
        var senders = new List<(ChatCall Call, int Sent)>();
        string[] stored;
        await using (var server = await ChatServer.StartAsync(directory: data.Path))
        {
            var stop = new TaskCompletionSource();
            var running = Enumerable.Range(0, 8).Select(async n =>
            {
                var call = server.Open($"sender-{n}", "room", "-");
                var sent = await SendUntilTheEndAsync(call, underWay: () => stop.TrySetResult());
                return (call, sent);
            }).ToList();
            await stop.Task.WaitAsync(ChatCall.Deadline);

            await server.StopAsync().WaitAsync(ChatCall.Deadline);
            senders.AddRange(await Task.WhenAll(running));
        }

        await using (var again = await ChatServer.StartAsync(directory: data.Path))
        {
            await using var reader = again.Open("reader");
            await reader.UntilAsync(c => c.CaughtUp.Count == 1);
            stored = [.. reader.Messages.Select(m => $"{m.Sender} {m.ClientOffset}").Order(StringComparer.Ordinal)];
        }

        foreach (var (call, _) in senders)
        {
            Assert.Equal(GoAway.Types.Why.Draining, call.GoAway!.Why);
            Assert.True(call.GoAway.Reconnect);
            Assert.InRange(call.GoAway.ReconnectAfter.ToTimeSpan(), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        }

        var acked = senders.SelectMany((s, n) => s.Call.Acks.Select(a => $"sender-{n} {a.ClientOffset}"));
        Assert.Equal(acked.Order(StringComparer.Ordinal), stored);
        Assert.True(senders.Sum(s => s.Sent) > stored.Length, "Something must have been unanswered, or this shows nothing.");
    }

    // Keeps up to 64 sends in flight until the stream ends, as it must with UNAVAILABLE.
    private static async Task<int> SendUntilTheEndAsync(ChatCall call, Action underWay)
    {
        var sent = 0;
        try
        {
            while (true)
            {
                while (sent - call.Acks.Count < 64)
                {
                    var first = sent;
                    sent += 16;
                    await call.WriteAsync(new ChatRequest
                    {
                        Sends =
                        {
                            Enumerable.Range(first, 16)
                                .Select(n => new Send { Room = "lobby", ClientOffset = $"k-{n}", Text = $"{n}" }),
                        },
                    });
                }

                await call.ReadAsync();
                if (call.Acks.Count > 200)
                {
                    underWay();
                }
            }
        }
        catch (Exception error) when (ChatCall.IsEndOfStream(error))
        {
            Assert.Equal(StatusCode.Unavailable, (await call.ToEndAsync()).StatusCode);
            return sent;
        }
    }

    [Fact]
    public async Task A_stop_commits_and_answers_what_was_read()
    {
        using var held = new ManualResetEventSlim();
        using var reached = new SemaphoreSlim(0);
        await using var server = await ChatServer.StartAsync(beforeCommit: _ =>
        {
            reached.Release();
            held.Wait(ChatCall.Deadline);
        });
        await using var ann = await server.JoinAsync("ann");
        await ann.SendAsync("k-1", "read before the stop");
        Assert.True(await reached.WaitAsync(ChatCall.Deadline));

        var stopping = server.StopAsync();
        held.Set();

        Assert.Equal(StatusCode.Unavailable, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal("k-1", ann.Acks.Single().ClientOffset);
        Assert.Equal(GoAway.Types.Why.Draining, ann.GoAway!.Why);
        Assert.NotNull(ann.Frames[^1].GoAway);
        await stopping.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_a_stop()
    {
        // The web server aborts calls a little before the end of the drain limit, and not by this clock: longer than the test
        // waits, so that an abort is never what ends the stream.
        var limit = 2 * ChatCall.Deadline;
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = options.StallLimit = limit, time: time);
        await server.FillAsync("lobby", 2000, textLength: 2000);
        await using var stuck = server.Open("stuck");
        await stuck.ReadAsync();
        await server.UntilAFrameIsStuckAsync();
        await server.UntilStreamsAsync(1);

        var stopping = server.StopAsync();
        await server.Stopping.WaitAsync(ChatCall.Deadline);
        Assert.Equal(1, server.Calls.Count);
        time.Advance(0.9 * limit);
        await server.Calls.WhenNoneAsync().WaitAsync(ChatCall.Deadline);

        // The stop lingers for a moment, so that clients hear of it.
        var linger = TimeSpan.FromMilliseconds(200);
        await time.UntilDueAsync(linger);
        time.Advance(linger);
        Assert.NotEqual(StatusCode.OK, (await stuck.ToEndAsync()).StatusCode);
        Assert.Null(stuck.GoAway);
        await stopping.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_send_that_fails_ends_its_stream_and_nothing_after_it_is_stored()
    {
        var fail = true;
        using var held = new ManualResetEventSlim();
        using var reached = new SemaphoreSlim(0);
        await using var server = await ChatServer.StartAsync(beforeCommit: batch =>
        {
            if (batch.Any(append => append.ClientOffset == "k-1") && fail)
            {
                reached.Release();
                held.Wait(ChatCall.Deadline);
                throw new GrpcChat.AspNetCore.Storage.StoreUnavailableException("no space");
            }
        });
        await using var ann = server.Open("ann");
        await ann.SendAsync("k-0", "stored");
        await ann.UntilAsync(c => c.Acks.Count == 1);
        await ann.SendAsync("k-1", "fails");
        Assert.True(await reached.WaitAsync(ChatCall.Deadline));

        // Waits in the queue while the batch before it fails.
        await ann.SendAsync("k-2", "must not be stored");
        await ann.JoinAsync(new Join { Room = "other" });
        await ann.UntilAsync(c => c.Joined.Count == 2);
        held.Set();

        Assert.Equal(StatusCode.Unavailable, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal(GoAway.Types.Why.StoreUnavailable, ann.GoAway!.Why);
        Assert.Equal("k-0", ann.Acks.Single().ClientOffset);

        fail = false;
        await using var retry = await server.JoinAsync("ann");
        await retry.SendManyAsync("lobby", [("k-1", "fails"), ("k-2", "must not be stored")]);
        await retry.UntilAsync(c => c.Messages.Count == 3);
        Assert.All(retry.Acks, ack => Assert.False(ack.Duplicate));
        Assert.Equal(["k-0", "k-1", "k-2"], retry.Messages.Select(m => m.ClientOffset));
    }

    [Fact]
    public async Task A_silent_stream_gets_heartbeats()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(time: time);
        await using var ann = await server.JoinAsync("ann");
        await ann.UntilAsync(c => c.CaughtUp.Count == 1);

        for (var n = 2; n < 6; n++)
        {
            await server.UntilNoFrameIsPendingAsync();
            time.Advance(TimeSpan.FromSeconds(20));
            await ann.UntilAsync(c => c.Frames.Count(frame => frame.Heartbeat is not null) == n);
        }
    }

    [Fact]
    public async Task A_client_that_takes_nothing_for_the_stall_limit_is_reset_and_others_on_its_connection_go_on()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(time: time);
        await server.FillAsync("lobby", 3000, textLength: 1000);
        await using var stuck = server.Open("stuck");
        await using var other = server.Open("other", "room", "-");
        await stuck.ReadAsync();
        await other.ReadAsync();
        await server.UntilAFrameIsStuckAsync();
        await server.UntilStreamsAsync(2);

        time.Advance(TimeSpan.FromSeconds(29));
        await other.SendManyAsync("elsewhere", [("k-1", "nobody is given up yet")]);
        Assert.Equal(2, server.Calls.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        await server.UntilStreamsAsync(1);

        await other.SendManyAsync("elsewhere", [("k-2", "still here")]);
        Assert.NotEqual(StatusCode.OK, (await stuck.ToEndAsync()).StatusCode);
        Assert.Null(stuck.GoAway);
        Assert.Empty(stuck.CaughtUp);
    }

    [Fact]
    public async Task A_client_that_takes_a_little_within_the_stall_limit_is_not_cut_off()
    {
        const int Count = 4000;
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(time: time);
        await server.FillAsync("lobby", Count, textLength: 1000);
        await using var slow = server.Open("slow");
        await slow.ReadAsync();

        // Nearly the whole limit goes by between one read of some 40 KB and the next.
        for (var round = 0; round < 5; round++)
        {
            await server.UntilAFrameIsStuckAsync();
            time.Advance(TimeSpan.FromSeconds(29));
            for (var bytes = 0; bytes < 40_000; bytes += slow.Frames[^1].CalculateSize())
            {
                await slow.ReadAsync();
            }
        }

        await slow.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(Enumerable.Range(1, Count).Select(id => (long)id), slow.Ids());
    }
}
