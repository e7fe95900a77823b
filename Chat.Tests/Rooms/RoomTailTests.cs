using Google.Protobuf;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Rooms;

/// <summary>The newest messages of a room: complete and in order, or not there at all.</summary>
public sealed class RoomTailTests
{
    private const int Plenty = 64 * 1024;

    [Fact]
    public void Whatever_the_shares_a_reader_gets_every_message_once_and_in_order()
    {
        var random = new Random(20261125);
        var tail = new RoomTail(new TailMemory(1 << 20, 1 << 20));
        var next = 5L;
        while (next < 3000)
        {
            var commit = new RowsCommit("lobby", next, random.Next(1, 40), random.Next(20, 300));
            tail.Add(commit);
            next = commit.Head + 1;
        }

        for (var round = 0; round < 20; round++)
        {
            var position = 4L;
            while (position < next - 1)
            {
                var through = random.NextInt64(position + 1, next);
                var share = random.Next(1, 5000);
                Assert.True(tail.TryGet(position, through, share, most: Plenty, out var run));
                var messages = Decode(run);
                Assert.Equal(run.Count, messages.Count);
                Assert.True(run.Length <= share || run.Count == 1);
                Assert.All(messages, message =>
                {
                    Assert.Equal(++position, message.Id);
                    Assert.Equal($"{message.Id}", message.Text.TrimStart('.'));
                    Assert.Equal($"offset-{message.Id}", message.ClientOffset);
                });
                Assert.Equal(position, run.LastId);
                Assert.True(position <= through);
            }
        }
    }

    [Fact]
    public void Messages_before_and_after_the_tail_are_not_in_it()
    {
        var tail = new RoomTail(new TailMemory(1 << 20, 1 << 20));
        Assert.False(tail.TryGet(0, 1, Plenty, Plenty, out _));

        tail.Add(new RowsCommit("lobby", 10, 5));

        Assert.False(tail.TryGet(8, 14, Plenty, Plenty, out _));
        Assert.True(tail.TryGet(9, 14, Plenty, Plenty, out _));
        Assert.True(tail.TryGet(13, 14, Plenty, Plenty, out _));
        Assert.False(tail.TryGet(14, 15, Plenty, Plenty, out _));
    }

    [Fact]
    public void A_message_that_does_not_fit_is_not_returned_in_part()
    {
        var tail = new RoomTail(new TailMemory(1 << 20, 1 << 20));
        tail.Add(new RowsCommit("lobby", 1, 3, textLength: 5000));

        Assert.False(tail.TryGet(0, 3, share: 100, most: 4000, out _));
        Assert.True(tail.TryGet(0, 3, share: 100, most: 6000, out var run));
        Assert.Equal((1, 1L), (run.Count, run.LastId));
        Assert.True(tail.TryGet(0, 3, share: 100, most: run.Length, out _));
        Assert.False(tail.TryGet(0, 3, share: 100, most: run.Length - 1, out _));
    }

    [Fact]
    public void A_reader_of_a_busy_room_gets_three_thousand_messages_in_a_few_reads()
    {
        var tail = new RoomTail(new TailMemory(1 << 20, 1 << 20));
        tail.Add(new RowsCommit("lobby", 1, 3000));
        var (position, reads) = (0L, 0);
        while (position < 3000)
        {
            Assert.True(tail.TryGet(position, 3000, Plenty, Plenty, out var run));
            position = run.LastId;
            reads++;
        }

        Assert.InRange(reads, 2, 20);
    }

    [Fact]
    public void A_message_that_does_not_follow_the_last_one_starts_the_tail_again()
    {
        var tail = new RoomTail(new TailMemory(1 << 20, 1 << 20));
        tail.Add(new RowsCommit("lobby", 1, 5));

        tail.Add(new RowsCommit("lobby", 7, 2));

        Assert.False(tail.TryGet(4, 8, Plenty, Plenty, out _));
        Assert.True(tail.TryGet(6, 8, Plenty, Plenty, out var run));
        Assert.Equal([7, 8], Decode(run).Select(message => message.Id));
    }

    [Fact]
    public async Task Readers_beside_the_writer_never_see_a_message_that_is_not_whole()
    {
        const int Last = 100_000;
        const int Newest = 50; // Few enough to be in the tail unless the writer goes on meanwhile.
        var tail = new RoomTail(new TailMemory(256 * 1024, 256 * 1024));
        var head = 0L;
        using var together = new Barrier(participantCount: 4);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(() =>
        {
            var (position, seen) = (0L, 0);
            together.SignalAndWait();
            while (position < Last)
            {
                var through = Volatile.Read(ref head);
                if (position < through && tail.TryGet(position, through, 2000, Plenty, out var run))
                {
                    foreach (var message in Decode(run))
                    {
                        Assert.Equal(++position, message.Id);
                        Assert.Equal($"{message.Id}", message.Text.TrimStart('.'));
                        seen++;
                    }
                }
                else
                {
                    // Overtaken, or there is nothing new: go on with the newest messages.
                    position = Math.Max(position, through - Newest);
                    Thread.Yield();
                }
            }

            return seen;
        }, TaskCreationOptions.LongRunning)).ToList();

        together.SignalAndWait();
        for (var next = 1L; next <= Last; next += 10)
        {
            var commit = new RowsCommit("lobby", next, 10);
            tail.Add(commit);
            Volatile.Write(ref head, commit.Head);
        }

        // Even a reader that was overtaken every time finds the newest messages when the writer has ended.
        Assert.All(await Task.WhenAll(readers), seen => Assert.InRange(seen, Newest, Last));
    }

    internal static IList<Message> Decode(EncodedRun run) =>
        ChatResponse.Parser.ParseFrom(run.Bytes, run.Start, run.Length).Messages;
}
