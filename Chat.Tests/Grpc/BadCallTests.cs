using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>Calls and requests that end with INVALID_ARGUMENT, before any response or in mid-stream.</summary>
public sealed class BadCallTests
{
    public static TheoryData<string, string[]> BadMetadata => new()
    {
        { "room", ["room", ""] },
        { "room", ["room", "Lobby"] },
        { "room", ["room", "--"] },
        { "room", ["room", "a/b"] },
        { "room", ["room", new string('r', 65)] },
        { "room", ["room", "a", "room", "b"] },
        { "last-seen-id", ["last-seen-id", ""] },
        { "last-seen-id", ["last-seen-id", "-1"] },
        { "last-seen-id", ["last-seen-id", "+1"] },
        { "last-seen-id", ["last-seen-id", "1e3"] },
        { "last-seen-id", ["last-seen-id", "1.0"] },
        { "last-seen-id", ["last-seen-id", "0x10"] },
        { "last-seen-id", ["last-seen-id", "9223372036854775808"] },
        { "last-seen-id", ["last-seen-id", "Latest"] },
        { "last-seen-id", ["last-seen-id", "1", "last-seen-id", "1"] },
        { "log-id", ["last-seen-id", "1", "log-id", "a", "log-id", "a"] },
        { "replay-limit", ["replay-limit", "-1"] },
        { "replay-limit", ["replay-limit", "many"] },
        { "replay-limit", ["replay-limit", "2147483648"] },
        { "replay-limit", ["replay-limit", "1", "replay-limit", "2"] },
        { "user", ["user", ""] },
        { "user", ["user", new string('u', 65)] },
        { "user", ["user", "del\u007f"] },
        { "user-bin", ["user", "ann", "user-bin", "bob"] },
        { "user-bin", ["user-bin", ""] },
        { "user-bin", ["user-bin", "bell\u0007"] },
        { "user-bin", ["user-bin", "c1\u009b"] },
        { "user-bin", ["user-bin", new string('é', 65)] },
    };

    [Theory]
    [MemberData(nameof(BadMetadata))]
    public async Task Bad_metadata_ends_the_call_before_any_response_and_names_the_key(string key, string[] metadata)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ChatCall(server.Channel, metadata);

        var status = await call.ToEndAsync();

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains($"'{key}'", status.Detail, StringComparison.Ordinal);
        Assert.Equal(("INVALID_METADATA", false), (call.Error!.Reason, call.Error.IsRetryable));
        Assert.Equal([(key, status.Detail)], call.Error.Violations);
        Assert.Empty(call.Frames);
        Assert.Equal(new GrpcChat.AspNetCore.Storage.LogSize(0, 0), server.Log.Size);
    }

    [Fact]
    public async Task A_user_name_that_is_not_UTF8_is_refused()
    {
        await using var server = await ChatServer.StartAsync();
        using var call = new ChatService.ChatServiceClient(server.Channel).Chat(new Metadata { { "user-bin", [0xff, 0xfe] } });

        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("'user-bin'", error.Status.Detail, StringComparison.Ordinal);
    }

    public static TheoryData<string[], string> GoodNames => new()
    {
        { [], "anonymous" },
        { ["user", new string('u', 64)], new string('u', 64) },
        { ["user-bin", "Zoë"], "Zoë" },
        { ["user-bin", string.Concat(Enumerable.Repeat("👋", 64))], string.Concat(Enumerable.Repeat("👋", 64)) },
        { ["user", "ann, the first"], "ann, the first" },
    };

    [Theory]
    [MemberData(nameof(GoodNames))]
    public async Task The_name_given_is_the_sender(string[] metadata, string sender)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ChatCall(server.Channel, metadata);
        await call.SendAsync("k", "hello");
        await call.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal(sender, call.Messages[0].Sender);
    }

    [Fact]
    public async Task A_request_that_is_too_large_ends_the_stream_and_what_came_before_is_answered()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await ann.SendAsync("before", "x");
        await ann.UntilAsync(c => c.Acks.Count == 1);

        try
        {
            await ann.SendAsync("large", new string('x', 1024 * 1024));
        }
        catch (RpcException)
        {
            // The server may end the stream while the request is still being written.
        }

        var status = await ann.ToEndAsync();
        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("1048576", status.Detail, StringComparison.Ordinal);
        Assert.Equal(1, server.Log.Size.Messages);
    }

    [Fact]
    public async Task A_request_that_is_no_ChatRequest_ends_its_stream_alone()
    {
        var raw = new Method<byte[], byte[]>(
            MethodType.DuplexStreaming,
            ChatService.Descriptor.FullName,
            "Chat",
            Marshallers.Create(bytes => bytes, bytes => bytes),
            Marshallers.Create(bytes => bytes, bytes => bytes));
        await using var server = await ChatServer.StartAsync();
        await using var other = await server.JoinAsync("other");
        using var call = server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(raw, null, new CallOptions());

        await call.RequestStream.WriteAsync([0x0a, 0x7f, 0x01]);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        await other.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(other.Acks);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF8_end_the_stream_as_MALFORMED_and_store_nothing()
    {
        await using var server = await ChatServer.StartAsync();
        using var call = server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            RawMethod("Chat", ChatResponse.Parser), null, new CallOptions());

        // sends { client_offset: "k" text: "a\xffb" }
        await call.RequestStream.WriteAsync([0x0a, 8, 0x12, 1, (byte)'k', 0x1a, 3, (byte)'a', 0xff, (byte)'b']);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(ChatCall.Deadline))
            {
            }
        });

        Assert.Equal((StatusCode.InvalidArgument, "MALFORMED"), (error.StatusCode, ChatError.Of(error).Reason));
        Assert.Equal(0, server.Log.Size.Messages);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF8_end_a_unary_call_as_MALFORMED_and_store_nothing()
    {
        await using var server = await ChatServer.StartAsync();

        // send { room: "lobby" client_offset: "k" text: "a\xffb" }
        byte[] request = [0x0a, 15, 0x0a, 5, .. "lobby"u8, 0x12, 1, (byte)'k', 0x1a, 3, (byte)'a', 0xff, (byte)'b'];
        var call = server.Channel.CreateCallInvoker().AsyncUnaryCall(
            RawMethod("SendMessage", SendMessageResponse.Parser, MethodType.Unary), null, new CallOptions(), request);
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(ChatCall.Deadline));

        Assert.Equal((StatusCode.InvalidArgument, "MALFORMED"), (error.StatusCode, ChatError.Of(error).Reason));
        Assert.Equal(0, server.Log.Size.Messages);
    }

    [Fact]
    public async Task An_empty_request_does_nothing()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await ann.WriteAsync(new ChatRequest());
        await ann.WriteAsync(new ChatRequest { Signals = { new Signal { Room = "lobby", Kind = Signal.Types.Kind.Typing } } });
        await ann.SendManyAsync("lobby", [("k", "x")]);
        Assert.Empty(ann.Refusals);
        Assert.Equal(1, server.Log.Size.Messages);
    }

    private static Method<byte[], T> RawMethod<T>(
        string name,
        MessageParser<T> parser,
        MethodType type = MethodType.DuplexStreaming)
        where T : IMessage<T> =>
        new(
            type,
            ChatService.Descriptor.FullName,
            name,
            Marshallers.Create(bytes => bytes, bytes => bytes),
            Marshallers.Create(_ => [], parser.ParseFrom));

    [Theory]
    [InlineData("user", "andr\u00e9", StatusCode.InvalidArgument)]
    [InlineData("room", "caf\u00e9", StatusCode.InvalidArgument)]
    [InlineData("x-foreign", "andr\u00e9", StatusCode.OK)]
    public async Task A_header_that_is_not_UTF_8_ends_at_most_its_own_call(string name, string value, StatusCode expected)
    {
        await using var server = await ChatServer.StartAsync();
        using var connection = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 };
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = connection });
        await using var other = new ChatCall(channel, "user", "ann");
        await other.UntilAsync(c => c.Joined.Count == 1);

        var status = await RawCall.PostAsync(connection, server.Address, "Chat", new ByteArrayContent([]), (name, value));
        await other.SendManyAsync("lobby", [("k", "still here")]);

        Assert.Equal(expected, status);
        Assert.Single(other.Acks);
    }

    [Fact]
    public async Task Hundreds_of_foreign_headers_end_no_connection()
    {
        await using var server = await ChatServer.StartAsync();
        using var connection = new SocketsHttpHandler();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = connection });
        await using var other = new ChatCall(channel, "user", "ann");
        await other.UntilAsync(c => c.Joined.Count == 1);

        var status = await RawCall.PostAsync(
            connection, server.Address, "Chat", new ByteArrayContent([]), [.. Enumerable.Range(0, 200).Select(n => ($"x-{n}", "1"))]);
        await other.SendManyAsync("lobby", [("k", "still here")]);

        Assert.Equal(StatusCode.OK, status);
        Assert.Single(other.Acks);
    }

    [Fact]
    public async Task Thousands_of_calls_with_bad_metadata_do_not_end_the_good_streams_of_their_connection()
    {
        // Each call resets its request. Many in a second would be a flood, which is another test's.
        await using var server = await ChatServer.StartAsync(options => options.MaxControlFramesPerSecond = 1_000_000);
        using var connection = new SocketsHttpHandler();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = connection });
        await using var good = new ChatCall(channel, "user", "ann");
        await good.UntilAsync(c => c.Joined.Count == 1);

        // Their requests stay open, so the web server keeps each of them for 5 s after its end.
        for (var round = 0; round < 6; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => CallAsync()));
        }

        await good.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(good.Acks);

        async Task CallAsync()
        {
            try
            {
                Assert.Equal(
                    StatusCode.InvalidArgument,
                    await RawCall.PostAsync(connection, server.Address, "Chat", new RequestInPieces(), ("room", "A B")));
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // Reset, because the web server keeps too many already.
            }
        }
    }
}
