using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>
/// Client offsets: one message for each (room, sender, client offset), and what a log answers to repetitions.
/// </summary>
public abstract class ClientOffsetContract(LogKind kind) : MessageLogTest(kind)
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
        const int Offsets = 60;
        var log = Open(Options with { MaxQueuedSends = 50 });
        var streams = Enumerable.Range(0, 16).Select(_ => new RecordingStream(log)).ToList();

        await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            for (var i = 1; i <= Offsets; i++)
            {
                await stream.HandOverAsync("room", $"offset {i}", $"text {i}");
            }
        })));
        var answers = await Task.WhenAll(streams.Select(stream => stream.AnswersAsync(Offsets)));

        var byOffset = answers.SelectMany(list => list).GroupBy(send => send.ClientOffset).ToList();
        Assert.Equal(Offsets, byOffset.Count);
        Assert.All(byOffset, sends =>
        {
            Assert.Equal(streams.Count, sends.Count());
            Assert.Single(sends.Select(send => send.Result.Id).Distinct());
            Assert.Single(sends, send => !send.Result.Duplicate);
        });
        Assert.Equal(Enumerable.Range(1, Offsets).Select(i => $"text {i}"), await log.TextsAsync("room"));
    }

    [Fact]
    public async Task Duplicates_of_several_streams_in_one_batch_are_one_message()
    {
        var log = Open();
        var (first, second, third) = (new RecordingStream(log), new RecordingStream(log), new RecordingStream(log));

        var results = await SendAsync(
            log,
            inOneBatch: true,
            first.NewSend("room", "offset"),
            second.NewSend("room", "offset"),
            second.NewSend("room", "offset"),
            third.NewSend("room", "offset"),
            first.NewSend("room", "offset"));

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
    public async Task A_client_offset_with_a_different_text_is_refused_and_changes_nothing(bool inOneBatch)
    {
        var log = Open();
        var (first, second) = (new RecordingStream(log), new RecordingStream(log));

        var results = await SendAsync(
            log,
            inOneBatch,
            first.NewSend("room", "offset", "text"),
            first.NewSend("room", "offset", "Text"),
            second.NewSend("room", "offset", "text "),
            second.NewSend("room", "offset", "text"));

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
    public async Task The_same_client_offset_of_another_sender_or_in_another_room_is_another_message(bool inOneBatch)
    {
        var log = Open();
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("room", "offset", "of ann"),
            bob.NewSend("room", "offset", "of bob"),
            ann.NewSend("other", "offset", "of ann elsewhere"),
            ann.NewSend("room", "Offset", "of ann, capital"),
            bob.NewSend("room", "offset", "of bob"));

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
    public async Task A_send_that_is_refused_if_new_is_acked_if_its_client_offset_is_stored(bool inOneBatch)
    {
        var log = Open();
        var ann = new RecordingStream(log);

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("room", "offset", refuseIfNew: Unwanted),
            ann.NewSend("room", "offset"),
            ann.NewSend("room", "offset", refuseIfNew: Unwanted),
            ann.NewSend("room", "offset", "other text", Unwanted),
            ann.NewSend("room", "other", refuseIfNew: Unwanted),
            ann.NewSend("new", "offset", refuseIfNew: Unwanted));

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

public sealed class InMemoryClientOffsetTests() : ClientOffsetContract(LogKind.InMemory);

public sealed class SqliteClientOffsetTests() : ClientOffsetContract(LogKind.Sqlite);

public sealed class PostgresClientOffsetTests() : ClientOffsetContract(LogKind.Postgres);
