using GrpcChat.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What a flush waits for, and what it does not.</summary>
public sealed class FlushTests
{
    [Fact]
    public async Task A_flush_waits_for_what_was_enqueued_before_it_and_not_for_what_follows()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await client.EnqueueAsync("ops", "a").Soon();
        await client.EnqueueAsync("dev", "b").Soon();
        var first = client.FlushAsync();
        await client.EnqueueAsync("ops", "c").Soon();
        var second = client.FlushAsync();
        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Sends.Count() == 3);

        await AckAsync(stream, "b");
        await AckAsync(stream, "c");
        Assert.False(first.IsCompleted || second.IsCompleted);
        await client.EnqueueAsync("ops", "never answered").Soon();
        await AckAsync(stream, "a");

        await first.Soon();
        await second.Soon();
        Assert.Equal(1, client.OutboxCount);
    }

    [Fact]
    public async Task A_flush_waits_for_calls_that_have_no_place_yet_unless_they_are_cancelled()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxMessages = 1 });
        using var cancellation = new CancellationTokenSource();
        await client.EnqueueAsync("ops", "a").Soon();
        var placing = client.EnqueueAsync("ops", "b");
        var cancelled = client.EnqueueAsync("ops", "c", cancellationToken: cancellation.Token);
        var flushing = client.FlushAsync();
        var later = client.EnqueueAsync("ops", "d");
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Texts.Contains("a"));
        await AckAsync(stream, "a");
        await placing.Soon();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(cancelled.Soon);
        await stream.UntilAsync(s => s.Texts.Contains("b"));
        Assert.False(flushing.IsCompleted);
        await AckAsync(stream, "b");

        await flushing.Soon();
        await later.Soon();
        Assert.Equal(1, client.OutboxCount);
    }

    [Fact]
    public async Task A_call_that_waits_with_the_client_offset_of_another_is_flushed_with_that_one()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxMessages = 2 });
        await client.EnqueueAsync("ops", "a").Soon();
        await client.EnqueueAsync("ops", "b", "offset").Soon();
        var same = client.EnqueueAsync("ops", "b", "offset");
        var other = client.EnqueueAsync("ops", "B", "offset");
        var flushing = client.FlushAsync();
        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Sends.Count() == 2);
        await AckAsync(stream, "a");
        Assert.Equal("offset", await same.Soon());
        await Assert.ThrowsAsync<ChatRefusedException>(other.Soon);
        Assert.False(flushing.IsCompleted);
        await AckAsync(stream, "b");

        await flushing.Soon();
    }

    [Fact]
    public async Task A_refused_message_is_answered_and_a_flush_of_nothing_returns_at_once()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        Assert.True(client.FlushAsync().IsCompletedSuccessfully);
        await client.EnqueueAsync("ops", "a", "offset").Soon();
        var flushing = client.FlushAsync();
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        await stream.SayAsync(new ChatResponse { Refusals = { new Refusal { Room = "ops", ClientOffset = "offset", Reason = Reason.Limit } } });

        await flushing.Soon();
        Assert.Equal(0, client.OutboxCount);
    }

    private static Task AckAsync(ScriptedStream stream, string text)
    {
        var send = stream.Sends.Last(send => send.Text == text);
        return stream.SayAsync(new ChatResponse { Acks = { new Ack { Room = send.Room, ClientOffset = send.ClientOffset, Id = 1 } } });
    }
}
