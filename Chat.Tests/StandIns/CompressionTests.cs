using System.IO.Compression;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class CompressionTests
{
    private static readonly WriteOptions Uncompressed = new(WriteFlags.NoCompress);

    private readonly CountingGzip ofClient = new();
    private readonly CountingGzip ofServer = new();

    [Fact]
    public async Task A_request_is_compressed_in_the_encoding_that_its_header_asks_for()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server);
        var options = Bounded.WithHeaders(new Metadata { { "grpc-internal-encoding-request", "gzip" } });

        Assert.Equal("hi", await channel.CreateCallInvoker().AsyncUnaryCall(Unary, null, options, "hi"));

        Assert.Equal((1, 0), (ofClient.Compressed, ofClient.Decompressed));
        Assert.Equal((0, 1), (ofServer.Compressed, ofServer.Decompressed));
    }

    [Fact]
    public async Task A_response_is_compressed_in_the_encoding_of_the_server()
    {
        await using var server = await StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var channel = OpenChannel(server);

        Assert.Equal("hi", await channel.CreateCallInvoker().AsyncUnaryCall(Unary, null, Bounded, "hi"));

        Assert.Equal((0, 1), (ofClient.Compressed, ofClient.Decompressed));
        Assert.Equal((1, 0), (ofServer.Compressed, ofServer.Decompressed));
    }

    [Fact]
    public async Task A_request_written_with_NoCompress_is_not_compressed_and_the_next_is()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server);
        var options = Bounded.WithHeaders(new Metadata { { "grpc-internal-encoding-request", "gzip" } });

        using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(ClientStreaming, null, options);
        call.RequestStream.WriteOptions = Uncompressed;
        await call.RequestStream.WriteAsync("a");
        Assert.Equal(0, ofClient.Compressed);
        call.RequestStream.WriteOptions = WriteOptions.Default;
        await call.RequestStream.WriteAsync("b");
        await call.RequestStream.CompleteAsync();

        Assert.Equal("ab", await call);
        Assert.Equal(1, ofClient.Compressed);
        Assert.Equal(1, ofServer.Decompressed);
    }

    [Fact]
    public async Task A_call_with_NoCompress_among_its_options_compresses_no_request()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server);
        var options = Bounded.WithWriteOptions(Uncompressed)
            .WithHeaders(new Metadata { { "grpc-internal-encoding-request", "gzip" } });

        Assert.Equal("hi", await channel.CreateCallInvoker().AsyncUnaryCall(Unary, null, options, "hi"));

        Assert.Equal(0, ofClient.Compressed);
    }

    [Fact]
    public async Task A_handler_that_sets_NoCompress_answers_without_compression()
    {
        await using var server = await TextServer.StartAsync(
            (request, context) =>
            {
                context.WriteOptions = Uncompressed;
                return Task.FromResult(request);
            },
            options =>
            {
                options.CompressionProviders = [ofServer];
                options.ResponseCompressionAlgorithm = "gzip";
            });

        Assert.Equal("hi", await server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "hi"));

        Assert.Equal(0, ofServer.Compressed);
    }

    private Task<TextServer> StartAsync(Action<GrpcServiceOptions>? set = null) =>
        TextServer.StartAsync(
            methods => methods
                .AddMethod(Unary, (request, _) => Task.FromResult(request))
                .AddMethod(ClientStreaming, async (IAsyncStreamReader<string> requests, ServerCallContext _) =>
                {
                    var all = "";
                    await foreach (var request in requests.ReadAllAsync())
                        all += request;
                    return all;
                }),
            options =>
            {
                options.CompressionProviders = [ofServer];
                set?.Invoke(options);
            });

    private GrpcChannel OpenChannel(TextServer server) =>
        GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { CompressionProviders = [ofClient] });

    private sealed class CountingGzip : ICompressionProvider
    {
        private readonly GzipCompressionProvider gzip = new(CompressionLevel.Fastest);
        private int compressed;
        private int decompressed;

        public string EncodingName => gzip.EncodingName;

        public int Compressed => Volatile.Read(ref compressed);

        public int Decompressed => Volatile.Read(ref decompressed);

        public System.IO.Stream CreateCompressionStream(System.IO.Stream stream, CompressionLevel? compressionLevel)
        {
            Interlocked.Increment(ref compressed);
            return gzip.CreateCompressionStream(stream, compressionLevel);
        }

        public System.IO.Stream CreateDecompressionStream(System.IO.Stream stream)
        {
            Interlocked.Increment(ref decompressed);
            return gzip.CreateDecompressionStream(stream);
        }
    }
}
