using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>The real process is killed or stopped under load.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task Nothing_acked_is_lost_when_the_service_is_killed_under_load()
    {
        using var data = new TempDirectory();
        var acked = new Dictionary<string, long>();
        for (var round = 0; round < 5; round++)
        {
            await using var service = await ServiceProcess.StartAsync(data.Path);
            using var channel = service.OpenChannel();
            var enough = new SemaphoreSlim(0);
            var senders = Enumerable.Range(0, 4)
                .Select(n => SendUntilTheEndAsync(new ChatCall(channel, "user", $"{n}", "room", "-"), $"{round}-{n}", enough))
                .ToList();
            for (var n = 0; n < 4; n++)
            {
                Assert.True(await enough.WaitAsync(ChatCall.Deadline));
            }

            await service.KillAsync();
            foreach (var call in await Task.WhenAll(senders))
            {
                foreach (var ack in call.Acks)
                {
                    acked.Add(ack.ClientOffset, ack.Id);
                }

                await call.DisposeAsync();
            }
        }

        await using var restarted = await ServiceProcess.StartAsync(data.Path);
        using var again = restarted.OpenChannel();
        await using var reader = new ChatCall(again, "user", "reader");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal(Enumerable.Range(1, reader.Messages.Count).Select(id => (long)id), reader.Ids());
        var stored = reader.Messages.ToDictionary(m => m.ClientOffset, m => m.Id);
        Assert.True(acked.Count >= 5 * 4 * 100);
        Assert.All(acked, ack => Assert.Equal(ack.Value, stored[ack.Key]));

        // The messages of each sender are there in the order in which they were sent, without a gap.
        foreach (var run in reader.Messages.GroupBy(m => m.ClientOffset[..m.ClientOffset.LastIndexOf('-')]))
        {
            Assert.Equal(Enumerable.Range(0, run.Count()).Select(n => $"{n}"), run.Select(m => m.Text));
        }
    }

    [Fact]
    public async Task A_resend_after_a_kill_is_stored_once()
    {
        using var data = new TempDirectory();
        var sends = Enumerable.Range(0, 500).Select(n => ($"offset-{n}", $"{n}")).ToList();
        await using (var first = await ServiceProcess.StartAsync(data.Path))
        {
            using var channel = first.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
            await ann.SendManyAsync("lobby", sends.Take(300));
            foreach (var (offset, text) in sends.Skip(300).Take(100))
            {
                await ann.SendAsync(offset, text, "lobby");
            }

            // Nobody knows which of those hundred were stored.
            await first.KillAsync();
        }

        await using var second = await ServiceProcess.StartAsync(data.Path);
        using var again = second.OpenChannel();
        await using var retry = new ChatCall(again, "user", "ann");
        await retry.SendManyAsync("lobby", sends);
        await retry.UntilAsync(c => c.Messages.Count == sends.Count);

        Assert.Equal(sends.Select(send => send.Item2), retry.Messages.Select(m => m.Text));
        Assert.Equal(Enumerable.Range(1, sends.Count).Select(id => (long)id), retry.Acks.Select(a => a.Id));
        Assert.All(retry.Acks.Take(300), ack => Assert.True(ack.Duplicate));
    }

    [Fact]
    public async Task SIGTERM_under_load_drains_and_exits_with_0()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        using var channel = service.OpenChannel();
        var enough = new SemaphoreSlim(0);
        var sending = SendUntilTheEndAsync(new ChatCall(channel, "user", "ann", "room", "-"), "ann", enough);
        Assert.True(await enough.WaitAsync(ChatCall.Deadline));

        var (exitCode, errors, took) = await service.TerminateAsync();
        await using var call = await sending;

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal(GoAway.Types.Why.Draining, call.GoAway!.Why);
        Assert.True(took < TimeSpan.FromSeconds(10), $"The promise is 10 s, and it took {took}.");

        await using var restarted = await ServiceProcess.StartAsync(data.Path);
        Assert.Contains($"{call.Acks.Count:N0} messages kept", restarted.StartLines[1], StringComparison.Ordinal);
    }

    private static async Task<ChatCall> SendUntilTheEndAsync(ChatCall call, string prefix, SemaphoreSlim enough)
    {
        var sent = 0;
        try
        {
            while (true)
            {
                while (sent - call.Acks.Count < 64)
                {
                    await call.SendAsync($"{prefix}-{sent}", $"{sent}", "lobby");
                    sent++;
                }

                var before = call.Acks.Count;
                await call.ReadAsync();
                if (before < 100 && call.Acks.Count >= 100)
                {
                    enough.Release();
                }
            }
        }
        catch (Exception error) when (ChatCall.IsEndOfStream(error))
        {
            await call.ToEndAsync();
            return call;
        }
    }
}
