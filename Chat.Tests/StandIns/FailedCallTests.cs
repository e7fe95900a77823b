using Grpc.Core;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class FailedCallTests
{
    private static readonly Status NotNow = new(StatusCode.FailedPrecondition, "not now: \u00e9%");

    [Fact]
    public async Task A_failure_brings_status_and_trailers_from_the_handler()
    {
        await using var server = await TextServer.StartAsync(Refuse);

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "").ResponseAsync);

        AssertRefused(failure);
    }

    [Fact]
    public async Task A_blocking_call_fails_as_one_that_is_awaited()
    {
        await using var server = await TextServer.StartAsync(Refuse);

        AssertRefused(Assert.Throws<RpcException>(
            () => server.Invoker.BlockingUnaryCall(Unary, null, Bounded, "")));
    }

    [Fact]
    public async Task A_failure_after_a_response_comes_after_that_response()
    {
        await using var server = await TextServer.StartAsync(methods => methods.AddMethod(
            ServerStreaming,
            async (string request, IServerStreamWriter<string> responses, ServerCallContext context) =>
            {
                await responses.WriteAsync("first");
                await Refuse(request, context);
            }));

        using var call = server.Invoker.AsyncServerStreamingCall(ServerStreaming, null, Bounded, "");

        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal("first", call.ResponseStream.Current);
        AssertRefused(await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext()));
        Assert.Equal(NotNow.StatusCode, call.GetStatus().StatusCode);
        Assert.Equal("because", call.GetTrailers().GetValue("why"));
    }

    [Fact]
    public async Task A_status_set_by_the_handler_fails_the_call_without_an_exception()
    {
        await using var server = await TextServer.StartAsync((_, context) =>
        {
            context.Status = NotNow;
            context.ResponseTrailers.Add("why", "because");
            context.ResponseTrailers.Add("why-bin", [0, 255]);
            return Task.FromResult("");
        });

        AssertRefused(await Assert.ThrowsAsync<RpcException>(
            () => server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "").ResponseAsync));
    }

    [Fact]
    public async Task An_exception_of_the_handler_is_unknown_to_the_client_and_its_text_stays_there()
    {
        await using var server = await TextServer.StartAsync(
            (_, _) => throw new InvalidOperationException("secret"));

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "").ResponseAsync);

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_was_not_added_is_unimplemented()
    {
        await using var server = await TextServer.StartAsync((_, _) => Task.FromResult(""));

        using var call = server.Invoker.AsyncServerStreamingCall(ServerStreaming, null, Bounded, "");

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    private static Task<string> Refuse(string request, ServerCallContext context) =>
        throw new RpcException(NotNow, new Metadata { { "why", "because" }, { "why-bin", [0, 255] } });

    private static void AssertRefused(RpcException failure)
    {
        Assert.Equal(NotNow.StatusCode, failure.StatusCode);
        Assert.Equal(NotNow.Detail, failure.Status.Detail);
        Assert.Equal("because", failure.Trailers.GetValue("why"));
        Assert.Equal([0, 255], failure.Trailers.GetValueBytes("why-bin"));
    }
}
