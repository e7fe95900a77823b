using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;
using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>Bytes that no gRPC client sends, below the frames of a call.</summary>
public sealed class MalformedFrameTests
{
    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "a length beyond 2^31", [0, 0xff, 0xff, 0xff, 0xff] },
        { "a length of 1 MiB and a byte", [0, 0, 0x10, 0, 1] },
        { "a flag that does not exist", [2, 0, 0, 0, 0] },
        { "compressed, and no encoding named", [1, 0, 0, 0, 2, 0x0a, 0] },
        { "cut short", [0, 0, 0, 0, 9, 0x0a] },
        { "an entry that is longer than its request", [0, 0, 0, 0, 3, 0x0a, 0x7f, 0] },
        { "a tag that is none", [0, 0, 0, 0, 1, 0x00] },
        { "a group that never ends", [0, 0, 0, 0, 1, 0x7b] },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Malformed_frames_end_their_stream_with_INVALID_ARGUMENT_and_no_other(string what, byte[] body)
    {
        await using var server = await ChatServer.StartAsync();
        await using var other = await server.JoinAsync("other");

        Assert.Equal(StatusCode.InvalidArgument, await RawCall.PostAsync(server.Address, body));

        await other.SendManyAsync("lobby", [("k", what)]);
        Assert.Single(other.Acks);
    }

    [Fact]
    public async Task A_body_that_claims_to_be_gzip_and_is_not_is_malformed()
    {
        await using var server = await ChatServer.StartAsync();
        Assert.Equal(
            StatusCode.InvalidArgument,
            await RawCall.PostAsync(server.Address, [1, 0, 0, 0, 3, 1, 2, 3], ("grpc-encoding", "gzip")));
    }

    [Theory]
    [InlineData("Chat")]
    [InlineData("SendMessage")]
    public async Task A_request_that_inflates_too_much_is_refused_and_one_like_text_is_not(string method)
    {
        await using var server = await ChatServer.StartAsync();
        var random = new Random(1);
        var text = string.Concat(Enumerable.Range(0, 2000).Select(_ => $"{random.Next(100_000)} "));
        var send = new Send { Room = "ops", ClientOffset = "k", Text = text };

        Assert.Equal(StatusCode.InvalidArgument, await PostAsync(new string('x', 1_000_000)));
        Assert.Equal(StatusCode.OK, await PostAsync(text));
        Assert.Equal(1, server.Log.Size.Messages);

        Task<StatusCode> PostAsync(string content)
        {
            send.Text = content;
            IMessage request = method == "Chat" ? new ChatRequest { Sends = { send } } : new SendMessageRequest { Send = send };
            return RawCall.PostAsync(server.Address, method, new ByteArrayContent(Gzipped(request)), ("grpc-encoding", "gzip"));
        }
    }

    [Fact]
    public async Task A_compression_that_the_service_does_not_know_is_UNIMPLEMENTED()
    {
        await using var server = await ChatServer.StartAsync();
        Assert.Equal(
            StatusCode.Unimplemented,
            await RawCall.PostAsync(server.Address, [1, 0, 0, 0, 1, 0], ("grpc-encoding", "snappy")));
    }

    private static byte[] Gzipped(IMessage message)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            message.WriteTo(gzip);
        }

        var frame = new byte[5 + compressed.Length];
        frame[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), (int)compressed.Length);
        compressed.ToArray().CopyTo(frame, 5);
        return frame;
    }
}
