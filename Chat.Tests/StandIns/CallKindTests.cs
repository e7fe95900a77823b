using Grpc.Core;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class CallKindTests
{
    [Fact]
    public async Task A_unary_call_gives_response_headers_status_and_trailers()
    {
        await using var server = await TextServer.StartAsync(async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "head", "h" } });
            context.ResponseTrailers.Add("trail", "t");
            return request + "!";
        });

        using var call = server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "hi");

        Assert.Equal("h", (await call.ResponseHeadersAsync).GetValue("head"));
        Assert.Equal("hi!", await call);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Equal("t", call.GetTrailers().GetValue("trail"));
    }

    [Fact]
    public async Task A_blocking_unary_call_gives_the_response()
    {
        await using var server = await TextServer.StartAsync((request, _) => Task.FromResult(request + "!"));

        Assert.Equal("hi!", server.Invoker.BlockingUnaryCall(Unary, null, Bounded, "hi"));
    }

    [Fact]
    public async Task A_server_streaming_call_gives_every_response_in_order()
    {
        await using var server = await TextServer.StartAsync(methods => methods.AddMethod(
            ServerStreaming,
            async (string request, IServerStreamWriter<string> responses, ServerCallContext _) =>
            {
                foreach (var letter in request)
                    await responses.WriteAsync(letter.ToString());
            }));

        using var call = server.Invoker.AsyncServerStreamingCall(ServerStreaming, null, Bounded, "abc");

        Assert.Equal(["a", "b", "c"], await ReadAllAsync(call.ResponseStream));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_client_streaming_call_gives_what_was_made_of_all_requests()
    {
        await using var server = await TextServer.StartAsync(methods => methods.AddMethod(
            ClientStreaming,
            async (IAsyncStreamReader<string> requests, ServerCallContext _) =>
                string.Concat(await ReadAllAsync(requests))));

        using var call = server.Invoker.AsyncClientStreamingCall(ClientStreaming, null, Bounded);
        await call.RequestStream.WriteAsync("a");
        await call.RequestStream.WriteAsync("b");
        await call.RequestStream.CompleteAsync();

        Assert.Equal("ab", await call);
    }

    [Fact]
    public async Task A_duplex_call_answers_a_request_before_the_next_is_sent()
    {
        await using var server = await TextServer.StartAsync(methods => methods.AddMethod(
            Duplex,
            async (IAsyncStreamReader<string> requests, IServerStreamWriter<string> responses, ServerCallContext _) =>
            {
                await foreach (var request in requests.ReadAllAsync())
                    await responses.WriteAsync(request + "!");
            }));

        using var call = server.Invoker.AsyncDuplexStreamingCall(Duplex, null, Bounded);
        foreach (var text in new[] { "a", "b" })
        {
            await call.RequestStream.WriteAsync(text);
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(text + "!", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_call_that_has_not_ended_has_no_status_and_no_trailers()
    {
        await using var server = await TextServer.StartAsync(methods => methods.AddMethod(
            ClientStreaming, (IAsyncStreamReader<string> _, ServerCallContext _) => Task.FromResult("")));

        using var call = server.Invoker.AsyncClientStreamingCall(ClientStreaming, null, Bounded);

        // Nothing has been sent, so nothing can have been answered.
        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }

    [Fact]
    public async Task A_service_is_served_through_the_method_that_its_attribute_names()
    {
        await using var server = await TextServer.StartAsync<AttributedService>();

        Assert.Equal("served hi", await server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "hi"));
    }

    private static async Task<List<string>> ReadAllAsync(IAsyncStreamReader<string> reader)
    {
        var all = new List<string>();
        await foreach (var text in reader.ReadAllAsync())
            all.Add(text);
        return all;
    }
}
