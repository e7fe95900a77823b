using Grpc.Core;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class MetadataOnTheWireTests
{
    private static readonly byte[] EveryByte = [.. Enumerable.Range(0, 256).Select(n => (byte)n)];

    [Fact]
    public async Task Bytes_under_a_bin_key_arrive_unchanged_in_headers_and_trailers()
    {
        await using var server = await TextServer.StartAsync(async (_, context) =>
        {
            var bytes = context.RequestHeaders.GetValueBytes("raw-bin")!;
            await context.WriteResponseHeadersAsync(new Metadata { { "raw-bin", bytes } });
            context.ResponseTrailers.Add("raw-bin", bytes);
            return "";
        });

        using var call = server.Invoker.AsyncUnaryCall(
            Unary, null, Bounded.WithHeaders(new Metadata { { "raw-bin", EveryByte } }), "");
        await call;

        var headers = await call.ResponseHeadersAsync;
        Assert.Equal(EveryByte, headers.GetValueBytes("raw-bin"));
        Assert.Equal(EveryByte, call.GetTrailers().GetValueBytes("raw-bin"));
    }

    [Fact]
    public async Task Text_arrives_under_its_key_in_lower_case()
    {
        Metadata.Entry? seen = null;
        await using var server = await TextServer.StartAsync((_, context) =>
        {
            seen = context.RequestHeaders.Get("Who");
            return Task.FromResult("");
        });

        await server.Invoker.AsyncUnaryCall(
            Unary, null, Bounded.WithHeaders(new Metadata { { "WHO", "Ann B." } }), "");

        Assert.Equal("who", seen!.Key);
        Assert.Equal("Ann B.", seen.Value);
        Assert.False(seen.IsBinary);
    }

    [Fact]
    public async Task Several_trailers_under_one_key_arrive_in_their_order()
    {
        await using var server = await TextServer.StartAsync((_, context) =>
        {
            context.ResponseTrailers.Add("n", "1");
            context.ResponseTrailers.Add("n", "2");
            return Task.FromResult("");
        });

        using var call = server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "");
        await call;

        Assert.Equal(["1", "2"], call.GetTrailers().GetAll("n").Select(e => e.Value));
    }

    [Fact]
    public async Task The_handler_knows_method_host_and_peer()
    {
        var seen = ("", "", "");
        await using var server = await TextServer.StartAsync((_, context) =>
        {
            seen = (context.Method, context.Host, context.Peer);
            return Task.FromResult("");
        });

        await server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "");

        Assert.Equal(Unary.FullName, seen.Item1);
        Assert.Equal(new Uri(server.Address).Authority, seen.Item2);
        Assert.StartsWith("ipv4:127.0.0.1:", seen.Item3, StringComparison.Ordinal);
    }
}
