using Chat.TestSupport;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Xunit;

namespace Chat.Tests.Storage;

/// <summary>Keys: one message for each (room, sender, client offset), and what a log answers for it.</summary>
public abstract partial class MessageLogContract
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ids_are_1_2_3_without_holes_after_refused_and_duplicate_sends(bool inOneBatch)
    {
        var log = Open();
        var ann = new RecordingStream(log);

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("room", "a", "first"),
            ann.NewSend("room", "a", "first"),
            ann.NewSend("room", "a", "not the first"),
            ann.NewSend("room", "b", "too large", Unwanted),
            ann.NewSend("room", "c", "second"),
            ann.NewSend("room", "a", "first"),
            ann.NewSend("room", "d", "third"));

        Assert.Equal(
            [
                AppendResult.Stored(1),
                AppendResult.Found(1),
                Refusals.OffsetReused,
                Unwanted,
                AppendResult.Stored(2),
                AppendResult.Found(1),
                AppendResult.Stored(3),
            ],
            results);
        Assert.Equal(["first", "second", "third"], await log.TextsAsync("room"));
        Assert.Equal(new RoomBounds(1, 3), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task Concurrent_duplicates_are_one_message_and_exactly_one_ack_is_not_marked_duplicate()
    {
        const int Keys = 60;
        var log = Open(Options with { MaxQueuedSends = 50 });
        var streams = Enumerable.Range(0, 16).Select(_ => new RecordingStream(log)).ToList();

        await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            for (var key = 1; key <= Keys; key++)
            {
                await stream.HandOverAsync("room", $"key {key}", $"text {key}");
            }
        })));
        var answers = await Task.WhenAll(streams.Select(stream => stream.AnswersAsync(Keys)));

        var byKey = answers.SelectMany(list => list).GroupBy(send => send.ClientOffset).ToList();
        Assert.Equal(Keys, byKey.Count);
        Assert.All(byKey, key =>
        {
            Assert.Equal(streams.Count, key.Count());
            Assert.Single(key.Select(send => send.Result.Id).Distinct());
            Assert.Single(key, send => !send.Result.Duplicate);
        });
        Assert.Equal(Enumerable.Range(1, Keys).Select(key => $"text {key}"), await log.TextsAsync("room"));
    }

    [Fact]
    public async Task Duplicates_of_several_streams_in_one_batch_are_one_message()
    {
        var log = Open();
        var (first, second, third) = (new RecordingStream(log), new RecordingStream(log), new RecordingStream(log));

        var results = await SendAsync(
            log,
            inOneBatch: true,
            first.NewSend("room", "key"),
            second.NewSend("room", "key"),
            second.NewSend("room", "key"),
            third.NewSend("room", "key"),
            first.NewSend("room", "key"));

        Assert.Equal(
            [
                AppendResult.Stored(1),
                AppendResult.Found(1),
                AppendResult.Found(1),
                AppendResult.Found(1),
                AppendResult.Found(1),
            ],
            results);
        Assert.Equal(["text"], await log.TextsAsync("room"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_with_other_text_is_refused_and_changes_nothing(bool inOneBatch)
    {
        var log = Open();
        var (first, second) = (new RecordingStream(log), new RecordingStream(log));

        var results = await SendAsync(
            log,
            inOneBatch,
            first.NewSend("room", "key", "text"),
            first.NewSend("room", "key", "Text"),
            second.NewSend("room", "key", "text "),
            second.NewSend("room", "key", "text"));

        Assert.Equal(
            [AppendResult.Stored(1), Refusals.OffsetReused, Refusals.OffsetReused, AppendResult.Found(1)],
            results);
        Assert.Equal(Reason.OffsetReused, results[1].Refused?.Reason);
        Assert.Equal(["text"], await log.TextsAsync("room"));
        Assert.Equal(new LogSize(1, 1), log.Size);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_same_key_of_another_sender_or_in_another_room_is_another_message(bool inOneBatch)
    {
        var log = Open();
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("room", "key", "of ann"),
            bob.NewSend("room", "key", "of bob"),
            ann.NewSend("other", "key", "of ann elsewhere"),
            ann.NewSend("room", "Key", "of ann, capital"),
            bob.NewSend("room", "key", "of bob"));

        Assert.Equal(
            [
                AppendResult.Stored(1),
                AppendResult.Stored(2),
                AppendResult.Stored(1),
                AppendResult.Stored(3),
                AppendResult.Found(2),
            ],
            results);
        Assert.Equal(["of ann", "of bob", "of ann, capital"], await log.TextsAsync("room"));
        Assert.Equal(["of ann elsewhere"], await log.TextsAsync("other"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_refused_if_new_is_acked_when_its_key_is_stored(bool inOneBatch)
    {
        var log = Open();
        var ann = new RecordingStream(log);

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("room", "key", refuseIfNew: Unwanted),
            ann.NewSend("room", "key"),
            ann.NewSend("room", "key", refuseIfNew: Unwanted),
            ann.NewSend("room", "key", "other text", Unwanted),
            ann.NewSend("room", "other", refuseIfNew: Unwanted),
            ann.NewSend("new", "key", refuseIfNew: Unwanted));

        Assert.Equal(
            [
                Unwanted,
                AppendResult.Stored(1),
                AppendResult.Found(1),
                Refusals.OffsetReused,
                Unwanted,
                Unwanted,
            ],
            results);
        Assert.Equal(["text"], await log.TextsAsync("room"));
        Assert.Equal(new LogSize(1, 1), log.Size);
    }

    [Fact]
    public async Task Streams_of_one_sender_that_resend_the_same_run_at_once_keep_its_order()
    {
        const int Run = 200;
        var log = Open(Options with { MaxQueuedSends = 32 });
        var streams = Enumerable.Range(0, 4).Select(_ => new RecordingStream(log)).ToList();

        await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            for (var i = 1; i <= Run; i++)
            {
                await stream.HandOverAsync("room", $"{i}", $"{i}");
            }

            await stream.AnswersAsync(Run);
        })));

        Assert.Equal(Enumerable.Range(1, Run).Select(i => $"{i}"), await log.TextsAsync("room"));
    }

    [Fact]
    public async Task A_run_that_two_streams_resend_in_one_batch_keeps_its_order()
    {
        var log = Open();
        var (first, second) = (new RecordingStream(log), new RecordingStream(log));
        await new RecordingStream(log).SendAsync("room", "1", "1");

        await SendAsync(
            log,
            inOneBatch: true,
            first.NewSend("room", "1", "1"),
            second.NewSend("room", "1", "1"),
            first.NewSend("room", "2", "2"),
            first.NewSend("room", "3", "3"),
            second.NewSend("room", "2", "2"),
            second.NewSend("room", "3", "3"),
            second.NewSend("room", "4", "4"),
            first.NewSend("room", "4", "4"));

        Assert.Equal(["1", "2", "3", "4"], await log.TextsAsync("room"));
        Assert.Equal([1, 2, 3, 4], first.Answers.Select(send => send.Result.Id));
        Assert.Equal([1, 2, 3, 4], second.Answers.Select(send => send.Result.Id));
    }
}
