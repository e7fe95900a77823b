using System.Net;
using Google.Protobuf;
using Grpc.Core;
using GrpcChat.AspNetCore;
using GrpcChat.Tests.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>Unary calls of clients that send or read badly, and the stop.</summary>
public sealed class UnaryWireTests
{
    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "no request", [] },
        { "two requests", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "a length beyond 2^31", [0, 0xff, 0xff, 0xff, 0xff] },
        { "a length of 1 MiB and a byte", [0, 0, 0x10, 0, 1] },
        { "cut short", [0, 0, 0, 0, 9, 0x0a] },
        { "a field that is longer than the request", [0, 0, 0, 0, 3, 0x0a, 0x7f, 0] },
        { "compressed, and no encoding named", [1, 0, 0, 0, 2, 0x0a, 0] },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_not_one_request_is_INVALID_ARGUMENT(string what, byte[] body)
    {
        await using var server = await ChatServer.StartAsync();
        foreach (var method in (string[])["SendMessage", "ListMessages", "ListRooms"])
        {
            var code = await RawCall.PostAsync(server.Address, method, new ByteArrayContent(body));
            Assert.True(code == StatusCode.InvalidArgument, $"{method}, {what}: {code}");
        }
    }

    [Fact]
    public async Task A_request_that_no_call_could_use_is_too_large_also_where_it_comes_compressed()
    {
        await using var server = await ChatServer.StartAsync();
        var request = new SendMessageRequest { Send = new Send { Room = "ops", ClientOffset = "k", Text = new string('x', 65_536) } };
        foreach (var headers in (Metadata[])[[], [new("grpc-internal-encoding-request", "gzip")]])
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client("ann").SendMessageAsync(request, headers));

            Assert.Equal((StatusCode.InvalidArgument, "TOO_LARGE"), (error.StatusCode, ChatError.Of(error).Reason));
            Assert.Contains("65536", error.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_request_that_came_in_half()
    {
        await using var server = await ChatServer.StartAsync();
        var half = new HalfRequest();
        var calling = RawCall.PostAsync(server.Address, "ListRooms", half, ("expect", "100-continue"));
        await half.IsRead.WaitAsync(ChatCall.Deadline);

        var stopping = server.StopAsync();

        // The service's own word, and not a connection that was cut when the time to stop was over.
        Assert.Equal(StatusCode.Unavailable, await calling);
        await stopping.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_page_that_nobody_takes_keeps_its_turn_until_the_stall_limit_and_sends_go_on()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.MaxPagesAtOnce = 1, time: time);
        await server.FillAsync("ops", 60, textLength: 16_000);
        using var http = new HttpClient();
        using var request = RawCall.Request(server.Address, "ListMessages", RawCall.Encode(new ListMessagesRequest { Room = "ops" }));
        using var unread = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(ChatCall.Deadline);

        var next = server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops" }).ResponseAsync;
        await server.SendOnceAsync("ann", "ops", "k", "sends go on");
        Assert.False(next.IsCompleted);
        time.Advance(new ChatOptions().StallLimit);

        Assert.Equal(61, (await next.WaitAsync(ChatCall.Deadline)).Messages.Count);
        await Assert.ThrowsAnyAsync<Exception>(() => unread.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_client_that_takes_no_page_keeps_only_its_own_connection_waiting()
    {
        await using var server = await ChatServer.StartAsync(options =>
            (options.MaxPagesAtOnce, options.MaxPagesPerCaller) = (4, 2));
        await server.FillAsync("ops", 60, textLength: 16_000);
        using var http = new HttpClient();
        var stuck = new List<HttpResponseMessage>(); // Held, as one that is collected gives its call up.
        while (stuck.Count < 2)
        {
            using var request = RawCall.Request(server.Address, "ListMessages", RawCall.Encode(new ListMessagesRequest { Room = "ops" }));
            stuck.Add(await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(ChatCall.Deadline));
        }

        using var waiting = RawCall.Request(server.Address, "ListMessages", RawCall.Encode(new ListMessagesRequest { Room = "ops" }));
        var third = http.SendAsync(waiting, HttpCompletionOption.ResponseHeadersRead);

        var page = await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops" }).ResponseAsync.WaitAsync(ChatCall.Deadline);
        Assert.Equal(60, page.Messages.Count);
        Assert.False(third.IsCompleted);
        stuck.ForEach(response => response.Dispose());
    }

    [Fact]
    public async Task A_call_after_the_stop_began_is_told_to_come_back()
    {
        var gate = new BatchGate();
        var held = gate.HoldNext();
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);
        var client = server.Client("bob");
        await client.ListRoomsAsync(new ListRoomsRequest());
        await using var ann = await server.JoinAsync("ann");
        await ann.SendAsync("k", "what the stop waits for");
        await held.ReachedAsync();

        var stopping = server.StopAsync();
        await server.Stopping.WaitAsync(ChatCall.Deadline);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await client.ListRoomsAsync(new ListRoomsRequest()));
        held.Release();

        var details = ChatError.Of(error);
        Assert.Equal((StatusCode.Unavailable, "DRAINING", true), (error.StatusCode, details.Reason, details.IsRetryable));
        Assert.NotNull(details.RetryDelay);
        await ann.ToEndAsync();
        Assert.Equal("DRAINING", ann.Error!.Reason);
        await stopping.WaitAsync(ChatCall.Deadline);
    }
}
