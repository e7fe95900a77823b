using Grpc.Core;
using GrpcChat.AspNetCore;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Identity;

/// <summary>What a sender meets who sends more than a second allows.</summary>
public sealed class SendLimiterTests
{
    private const string Limit = nameof(ChatOptions.MaxSendsPerSenderAndSecond);

    [Fact]
    public async Task A_stream_that_sends_too_fast_is_read_more_slowly_and_loses_nothing()
    {
        await using var server = await StartAsync(perSecond: 100, burst: 5);
        using var limited = server.Measure<long>("chat.limited");
        await using var ann = Open(server, "ann");

        await ann.SendManyAsync("lobby", Enumerable.Range(1, 30).Select(n => ($"k{n}", $"text {n}")));
        await ann.UntilAsync(c => c.Messages.Count == 30);

        Assert.Empty(ann.Refusals);
        Assert.Equal(Enumerable.Range(1, 30).Select(n => $"text {n}"), ann.Messages.Select(message => message.Text));
        Assert.Contains(limited.GetMeasurementSnapshot(), at => Equals(at.Tags["chat.limit"], Limit));
    }

    [Fact]
    public async Task The_streams_of_one_sender_share_its_limit_and_another_sender_does_not()
    {
        await using var server = await StartAsync(perSecond: 1, burst: 3);
        await using var first = Open(server, "ann");
        await using var second = Open(server, "ann");
        await using var bob = Open(server, "bob");
        await first.SendManyAsync("lobby", [("k1", "1"), ("k2", "2"), ("k3", "3")]);
        using var limited = server.Measure<long>("chat.limited");

        await bob.SendManyAsync("lobby", [("k", "at once")]);
        Assert.Empty(limited.GetMeasurementSnapshot());
        await second.SendManyAsync("lobby", [("k4", "4")]);

        Assert.NotEmpty(limited.GetMeasurementSnapshot());
    }

    [Fact]
    public async Task A_single_send_beyond_the_limit_is_refused_with_the_time_to_wait_and_works_after_it()
    {
        await using var server = await StartAsync(perSecond: 1, burst: 2);
        var client = new ChatService.ChatServiceClient(server.Channel);
        await SendAsync("k1");
        await SendAsync("k2");

        var refused = await Assert.ThrowsAsync<RpcException>(() => SendAsync("k3"));
        var error = ChatError.Of(refused);
        while (error is not null)
        {
            await Task.Delay(error.RetryDelay!.Value);
            try
            {
                await SendAsync("k3");
                error = null;
            }
            catch (RpcException again)
            {
                error = ChatError.Of(again);
            }
        }

        Assert.Equal((StatusCode.ResourceExhausted, "LIMIT"), (refused.StatusCode, ChatError.Of(refused).Reason));
        Assert.Contains("1 messages a second", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(3, server.Log.Size.Messages);

        Task SendAsync(string offset) => client.SendMessageAsync(
            new SendMessageRequest { Send = new Send { Room = "lobby", ClientOffset = offset, Text = offset } },
            new Metadata { { TestAuthentication.Header, "ann" } },
            DateTime.UtcNow + ChatCall.Deadline).ResponseAsync;
    }

    // Two hundred turns would take longer than any test waits.
    [Fact]
    public async Task A_stop_does_not_wait_for_turns_and_answers_what_was_read()
    {
        await using var server = await StartAsync(perSecond: 1, burst: 1);
        using var limited = server.Measure<long>("chat.limited");
        await using var ann = Open(server, "ann");
        await ann.WriteAsync(new ChatRequest
        {
            Sends = { Enumerable.Range(1, 200).Select(n => new Send { Room = "lobby", ClientOffset = $"k{n}", Text = "x" }) },
        });
        await limited.WaitForMeasurementsAsync(1).WaitAsync(ChatCall.Deadline);

        server.AskToStop();
        await ann.ToEndAsync();

        Assert.Equal(200, ann.Acks.Count);
        Assert.Equal(GoAway.Types.Why.Draining, ann.GoAway!.Why);
    }

    [Fact]
    public async Task On_this_machine_without_authentication_nobody_is_limited()
    {
        await using var server = await ChatServer.StartAsync(options => SetLimit(options, perSecond: 1, burst: 1));
        using var limited = server.Measure<long>("chat.limited");

        await server.FillAsync("lobby", 200);

        Assert.Empty(limited.GetMeasurementSnapshot());
    }

    private static Task<ChatServer> StartAsync(int perSecond, int burst) => ChatServer.StartAsync(
        options => SetLimit(options, perSecond, burst), addServices: TestAuthentication.Add);

    private static void SetLimit(ChatOptions options, int perSecond, int burst) =>
        (options.MaxSendsPerSenderAndSecond, options.MaxSendBurst) = (perSecond, burst);

    private static ChatCall Open(ChatServer server, string caller) =>
        new(server.Channel, TestAuthentication.Header, caller, "room", "lobby");
}
