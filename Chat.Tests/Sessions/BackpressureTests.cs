using GrpcChat.AspNetCore.Sessions;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>What a client that does not read costs: nothing that grows.</summary>
public sealed class BackpressureTests
{
    [Fact]
    public async Task A_reader_that_stops_costs_one_frame_others_go_on_and_it_catches_up()
    {
        const int Count = 10_000;
        await using var server = await ChatServer.StartAsync();
        await using var slow = server.Open("slow");
        await slow.ReadAsync();
        await using var other = await server.JoinAsync("other");

        // Ten megabytes go by, far more than windows and buffers hold; the slow one reads nothing of it.
        var others = other.UntilAsync(c => c.Messages.Count == Count);
        await server.FillAsync("lobby", Count, textLength: 1000);
        await others;
        await server.UntilAFrameIsStuckAsync();

        Assert.Equal(1, server.Metrics.FramesPending);
        Assert.InRange(server.Metrics.FrameBytesPending, 1, Frame.MaxBytes);

        await slow.UntilAsync(c => c.Messages.Count == Count);
        Assert.Equal(Enumerable.Range(1, Count).Select(id => (long)id), slow.Ids());
        Assert.Equal(other.Ids(), slow.Ids());
    }

    [Fact]
    public async Task A_client_that_sends_and_does_not_read_is_not_read_beyond_MaxUnackedSends()
    {
        const int Limit = 16;
        await using var server = await ChatServer.StartAsync(options => options.MaxUnackedSends = Limit);
        await server.FillAsync("big", 1000, textLength: 10_000);
        await using var ann = server.Open("ann", "room", "big");
        await ann.ReadAsync();

        // The replay of ten megabytes has filled the way to this client, so no answer can be taken any more.
        await server.UntilAFrameIsStuckAsync();
        var sends = Enumerable.Range(0, 10 * Limit)
            .Select(n => new Send { Room = "small", ClientOffset = $"k-{n}", Text = $"{n}" }).ToList();
        foreach (var send in sends)
        {
            await ann.WriteAsync(new ChatRequest { Sends = { send } });
        }

        // Another client sees how many of them were taken, when the server has had the time for all of them.
        await using var watcher = await server.JoinAsync("watcher", "small");
        await watcher.UntilAsync(c => c.Messages.Count >= Limit);
        for (var n = 0; n < 50; n++)
        {
            await watcher.SendManyAsync("small", [($"w-{n}", "later")]);
        }

        await watcher.UntilAsync(c => c.Messages.Count(m => m.Sender == "watcher") == 50);
        Assert.Equal(Limit, watcher.Messages.Count(m => m.Sender == "ann"));

        // It reads again, and everything goes on where it stood.
        await ann.UntilAsync(c => c.Acks.Count == sends.Count);
        Assert.Equal(sends.Select(s => s.ClientOffset), ann.Acks.Select(a => a.ClientOffset));
    }

    [Fact]
    public async Task Joins_and_leaves_without_number_are_bounded_like_sends()
    {
        await using var server = await ChatServer.StartAsync(options => options.MaxUnackedSends = 4);
        await using var ann = server.Open("ann", "room", "-");
        for (var n = 0; n < 100; n++)
        {
            await ann.WriteAsync(new ChatRequest
            {
                Leaves = { Enumerable.Repeat(new Leave { Room = "lobby" }, 10) },
                Joins = { Enumerable.Repeat(new Join { Room = "lobby" }, 10) },
            });
        }

        await ann.UntilAsync(c => c.Left.Count == 1000 && c.Joined.Count == 1000);
    }

    [Fact]
    public async Task A_request_of_almost_a_mebibyte_passes_the_flow_control_windows()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");

        await ann.SendManyAsync("lobby", Enumerable.Range(0, 63).Select(n => ($"k-{n}", new string('x', 16_384))));

        Assert.Equal(63, ann.Acks.Count);
    }
}
