using Grpc.Core;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Tests.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Queries;

/// <summary>Sending with one call: the same key, the same promises as on a stream.</summary>
public sealed class SendMessageTests
{
    [Fact]
    public async Task An_acked_message_is_delivered_with_the_callers_name_and_offset()
    {
        await using var server = await ChatServer.StartAsync();
        await using var bob = await server.JoinAsync("bob", "ops");

        var ack = await server.SendOnceAsync("ann", "ops", "a-1", "hello");
        await bob.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal(new Ack { Room = "ops", ClientOffset = "a-1", Id = 1 }, ack);
        var message = bob.Messages.Single();
        Assert.Equal(("ops", 1, "ann", "hello", "a-1"), (message.Room, message.Id, message.Sender, message.Text, message.ClientOffset));
    }

    [Fact]
    public async Task A_repeat_is_acked_as_a_duplicate_with_the_same_id_also_from_a_stream()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await ann.SendManyAsync("lobby", [("first", "1"), ("second", "2")]);

        var ack = await server.SendOnceAsync("ann", "lobby", "second", "2");
        await ann.SendManyAsync("lobby", [("second", "2")]);

        Assert.Equal((2, true), (ack.Id, ack.Duplicate));
        Assert.Equal((2, true), (ann.Acks[^1].Id, ann.Acks[^1].Duplicate));
        Assert.Equal(2, server.Log.Size.Messages);
    }

    public static TheoryData<string, Send?, StatusCode, string, string> Refused => new()
    {
        { "no send", null, StatusCode.InvalidArgument, "INVALID", "send" },
        { "no room", new Send { ClientOffset = "k", Text = "t" }, StatusCode.InvalidArgument, "INVALID", "send.room" },
        { "a bad room", new Send { Room = "Ops", ClientOffset = "k", Text = "t" }, StatusCode.InvalidArgument, "INVALID", "send.room" },
        { "no offset", new Send { Room = "ops", Text = "t" }, StatusCode.InvalidArgument, "INVALID", "send.client_offset" },
        { "no text", new Send { Room = "ops", ClientOffset = "k" }, StatusCode.InvalidArgument, "INVALID", "send.text" },
        { "U+0000", new Send { Room = "ops", ClientOffset = "k", Text = "a\0" }, StatusCode.InvalidArgument, "INVALID", "send.text" },
        { "too large", new Send { Room = "ops", ClientOffset = "k", Text = new string('x', 65) }, StatusCode.InvalidArgument, "TOO_LARGE", "send.text" },
        { "reused", new Send { Room = "full", ClientOffset = "used", Text = "other" }, StatusCode.AlreadyExists, "OFFSET_REUSED", "" },
        { "one room too many", new Send { Room = "ops", ClientOffset = "k", Text = "t" }, StatusCode.ResourceExhausted, "LIMIT", "" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_refusal_is_a_status_with_its_reason_and_stores_nothing(
        string what,
        Send? send,
        StatusCode code,
        string reason,
        string field)
    {
        await using var server = await ChatServer.StartAsync(options => (options.MaxTextBytes, options.MaxRooms) = (64, 1));
        await server.SendOnceAsync("ann", "full", "used", "text");

        var error = await Assert.ThrowsAsync<RpcException>(() => server.Client("ann").SendMessageAsync(
            new SendMessageRequest { Send = send }).ResponseAsync.WaitAsync(ChatCall.Deadline));

        var details = ChatError.Of(error);
        Assert.Equal((code, reason, false), (error.StatusCode, details.Reason, details.IsRetryable));
        Assert.Equal(field, string.Concat(details.Violations.Select(violation => violation.Field)));
        Assert.All(details.Violations, violation => Assert.Equal(error.Status.Detail, violation.Description));
        Assert.True(server.Log.Size == new LogSize(1, 1), what);
    }

    [Fact]
    public async Task The_limit_that_time_cures_says_when_to_come_back()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.MaxNewRoomsPerSenderAndMinute = 1, time: time);
        await server.SendOnceAsync("ann", "first", "k", "t");
        time.Advance(TimeSpan.FromSeconds(20));

        var error = await Assert.ThrowsAsync<RpcException>(() => server.SendOnceAsync("ann", "second", "k", "t"));

        var details = ChatError.Of(error);
        Assert.Equal(("LIMIT", true, TimeSpan.FromSeconds(40)), (details.Reason, details.IsRetryable, details.RetryDelay));
    }

    [Fact]
    public async Task A_name_that_is_none_is_refused_with_its_key()
    {
        await using var server = await ChatServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(() => server.SendOnceAsync("", "ops", "k", "t"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("INVALID_METADATA", ChatError.Of(error).Reason);
        Assert.Equal("user", ChatError.Of(error).Violations.Single().Field);
    }

    [Fact]
    public async Task Nothing_is_acked_before_it_is_committed()
    {
        var gate = new BatchGate();
        var held = gate.HoldNext();
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);

        var sending = server.SendOnceAsync("ann", "ops", "k", "t");
        await held.ReachedAsync();
        var page = await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops" });

        Assert.False(sending.IsCompleted);
        Assert.Empty(page.Messages);
        held.Release();
        Assert.Equal(1, (await sending).Id);
    }

    [Fact]
    public async Task A_store_that_fails_is_UNAVAILABLE_with_a_delay_and_a_repeat_is_stored_once()
    {
        var gate = new BatchGate();
        gate.FailNext(new StoreUnavailableException("The disk is full."));
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);

        var error = await Assert.ThrowsAsync<RpcException>(() => server.SendOnceAsync("ann", "ops", "k", "t"));
        var ack = await server.SendOnceAsync("ann", "ops", "k", "t");

        var details = ChatError.Of(error);
        Assert.Equal((StatusCode.Unavailable, "STORE_UNAVAILABLE", true), (error.StatusCode, details.Reason, details.IsRetryable));
        Assert.InRange(details.RetryDelay!.Value, TimeSpan.Zero, new ChatOptions().ReconnectSpread);
        Assert.DoesNotContain("disk", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal((1, false), (ack.Id, ack.Duplicate));
    }

    [Fact]
    public async Task A_stop_waits_for_the_answer_of_what_was_asked()
    {
        var gate = new BatchGate();
        var held = gate.HoldNext();
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);
        var sending = server.SendOnceAsync("ann", "ops", "k", "t");
        await held.ReachedAsync();

        var stopping = server.StopAsync();
        await server.Stopping.WaitAsync(ChatCall.Deadline);
        held.Release();

        Assert.Equal(1, (await sending).Id);
        await stopping.WaitAsync(ChatCall.Deadline);
    }
}
