using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>Promise 1: one sequence of ids without holes, the same for every reader.</summary>
public sealed class OrderTests
{
    [Fact]
    public async Task Every_reader_sees_the_same_order_under_32_concurrent_senders()
    {
        const int Senders = 32;
        const int Each = 50;
        await using var server = await ChatServer.StartAsync();
        var readers = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => server.JoinAsync($"reader-{n}")));

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(async n =>
        {
            await using var sender = server.Open($"sender-{n}", "room", "-");
            await sender.SendManyAsync("lobby", Enumerable.Range(0, Each).Select(m => ($"k-{m}", $"{n}:{m}")));
        }));

        foreach (var reader in readers)
        {
            await reader.UntilAsync(r => r.Messages.Count == Senders * Each);
            Assert.Equal(Enumerable.Range(1, Senders * Each).Select(id => (long)id), reader.Ids());
            Assert.Equal(readers[0].Messages.Select(m => m.Text), reader.Messages.Select(m => m.Text));
            await reader.DisposeAsync();
        }

        for (var n = 0; n < Senders; n++)
        {
            var own = readers[0].Messages.Where(m => m.Sender == $"sender-{n}").Select(m => m.Text);
            Assert.Equal(Enumerable.Range(0, Each).Select(m => $"{n}:{m}"), own);
        }
    }

    [Fact]
    public async Task A_message_stored_while_a_page_is_read_is_not_missed()
    {
        HookedLog? hooked = null;
        await using var server = await ChatServer.StartAsync(
            openLog: data => hooked = new HookedLog(TestLog.Open(data)));
        await server.FillAsync("lobby", 3);

        // The page with 1 to 3 has been read, and the stream has not looked at it yet: now a fourth is stored.
        await using var sender = server.Open("sender", "room", "-");
        hooked!.AfterNextRead = () => sender.SendManyAsync("lobby", [("late", "late")]);
        await using var reader = await server.JoinAsync("reader");

        await reader.UntilAsync(r => r.Messages.Count == 4);
        Assert.Null(hooked.AfterNextRead);
        Assert.Equal([1, 2, 3, 4], reader.Ids());
    }

    [Fact]
    public async Task A_message_stored_between_the_head_and_the_first_read_of_a_join_is_not_missed()
    {
        HookedLog? hooked = null;
        await using var server = await ChatServer.StartAsync(
            openLog: data => hooked = new HookedLog(TestLog.Open(data)));
        await using var sender = server.Open("sender", "room", "-");
        hooked!.AfterNextBounds = () => sender.SendManyAsync("lobby", [("early", "early")]);

        await using var reader = await server.JoinAsync("reader");

        await reader.UntilAsync(r => r.Messages.Count == 1);
        Assert.Null(hooked.AfterNextBounds);
        Assert.Equal(0, reader.Joined[0].HeadId);
        Assert.Equal([1], reader.Ids());
    }

    [Fact]
    public async Task A_publish_storm_during_replay_leaves_no_hole_and_no_repeat()
    {
        const int Old = 3000;
        const int New = 3000;
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", Old, textLength: 200);
        await using var reader = await server.JoinAsync("reader");
        await using var sender = server.Open("stormy", "room", "-");

        var storm = sender.SendManyAsync("lobby", Enumerable.Range(0, New).Select(n => ($"s-{n}", $"storm {n}")));
        await reader.UntilAsync(r => r.Messages.Count == Old + New);
        await storm;

        Assert.Equal(Enumerable.Range(1, Old + New).Select(id => (long)id), reader.Ids());
        Assert.Equal(Old, Assert.Single(reader.CaughtUp).Id);
    }

    [Fact]
    public async Task Readers_of_a_short_tail_go_to_the_log_and_back_and_miss_and_repeat_nothing()
    {
        const int Count = 3000;
        await using var server = await ChatServer.StartAsync(options =>
        {
            // A few messages: whoever is a moment late reads the log, and then the tail again.
            options.MaxTailBytes = 8 * 1024;
            options.MaxTailBytesPerRoom = 6 * 1024;
        });
        await using var prompt = await server.JoinAsync("prompt");
        await using var late = await server.JoinAsync("late");
        await using var sender = server.Open("sender", "room", "-");

        var sending = sender.SendManyAsync("lobby", Enumerable.Range(0, Count).Select(n => ($"k-{n}", $"{n}".PadLeft(100))));
        for (var due = 100; due <= Count; due += 100)
        {
            // Each in turn, so that the second is behind the tail when it reads.
            await prompt.UntilAsync(r => r.Messages.Count >= due);
            await late.UntilAsync(r => r.Messages.Count >= due);
        }

        await sending;
        Assert.Equal(Enumerable.Range(1, Count).Select(id => (long)id), prompt.Ids());
        Assert.Equal(prompt.Messages, late.Messages);
    }

    [Fact]
    public async Task A_message_acked_before_another_is_sent_has_the_smaller_id()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        await using var bob = server.Open("bob", "room", "-");

        for (var n = 0; n < 20; n++)
        {
            await ann.SendManyAsync("lobby", [($"a-{n}", "first")]);
            await bob.SendManyAsync("lobby", [($"b-{n}", "second")]);
            Assert.True(ann.Acks[n].Id < bob.Acks[n].Id);
        }
    }
}
