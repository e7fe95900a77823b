using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// The clock of the machine jumps, as when somebody sets it. Ids and their order do not come from it, and nothing that
/// takes time is measured with it.
/// </summary>
public sealed class ClockTests
{
    private static readonly TimeSpan[] Jumps =
    [
        TimeSpan.FromHours(1), TimeSpan.FromHours(-2), TimeSpan.FromHours(1), TimeSpan.FromDays(-400), TimeSpan.FromDays(800),
    ];

    [Trait("Log", "sqlite")] // Other logs count the minute of new rooms by the clock.
    [Fact]
    public async Task A_clock_that_jumps_changes_no_id_no_order_no_duplicate_and_no_limit()
    {
        using var data = new TempDirectory();
        var clock = new JumpingClock();
        List<(string Offset, string Text)> sends = [.. Jumps.Select((_, n) => ($"k-{n}", $"{n}"))];
        await using (var server = await ChatServer.StartAsync(
            options => options.MaxNewRoomsPerSenderAndMinute = 1, data.Path, time: clock))
        {
            await using var ann = await server.JoinAsync("ann");
            for (var n = 0; n < Jumps.Length; n++)
            {
                await ann.SendManyAsync("lobby", [sends[n]]);
                clock.Jump(Jumps[n]);

                // The lobby was the one room that she may make in this minute, whatever time it is.
                await ann.SendManyAsync($"room-{n}", [($"new-{n}", "too many rooms")]);
            }

            await ann.SendManyAsync("lobby", sends);
            await ann.UntilAsync(call => call.Messages.Count == sends.Count);

            Assert.Equal(Enumerable.Range(1, sends.Count), ann.Acks.Take(sends.Count).Select(ack => (int)ack.Id));
            Assert.All(ann.Acks.Take(sends.Count), ack => Assert.False(ack.Duplicate));
            Assert.Equal(Enumerable.Range(1, sends.Count), ann.Acks.Skip(sends.Count).Select(ack => (int)ack.Id));
            Assert.All(ann.Acks.Skip(sends.Count), ack => Assert.True(ack.Duplicate));
            Assert.Equal(sends.Select(send => send.Text), ann.Messages.Select(message => message.Text));
            Assert.Equal(Jumps.Length, ann.Refusals.Count);
            Assert.All(ann.Refusals, refusal => Assert.Equal(Reason.Limit, refusal.Reason));
            Assert.All(
                ann.Refusals,
                refusal => Assert.InRange(refusal.RetryAfter.ToTimeSpan(), TimeSpan.Zero, TimeSpan.FromMinutes(1)));
            Assert.Single(ann.Frames, frame => frame.Heartbeat is not null);
        }

        clock.Jump(TimeSpan.FromDays(-800));
        await using var later = await ChatServer.StartAsync(directory: data.Path, time: clock);
        await using var bob = await later.JoinAsync("bob");
        await bob.SendManyAsync("lobby", [("next", "next")]);
        await bob.UntilAsync(call => call.Messages.Count == sends.Count + 1);

        Assert.Equal(sends.Count + 1, bob.Acks.Single().Id);
        Assert.Equal([.. sends.Select(send => send.Text), "next"], bob.Messages.Select(message => message.Text));
    }

    // Its timers and timestamps are the system's, as those of a machine are whose clock is set.
    private sealed class JumpingClock : TimeProvider
    {
        private long offset;

        public void Jump(TimeSpan by) => Interlocked.Add(ref offset, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref offset));
    }
}
