using System.Collections.Concurrent;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class InterceptorTests
{
    private static readonly string[] Sandwich = ["a before", "b before", "call", "b after", "a after"];

    private readonly ConcurrentQueue<string> log = new();

    public static TheoryData<MethodType> Kinds => [.. Enum.GetValues<MethodType>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task On_the_server_the_interceptor_added_first_surrounds_the_second_and_that_the_handler(
        MethodType kind)
    {
        await using var server = await StartAsync(options =>
        {
            options.Interceptors.Add<NotingInterceptor>("a", log);
            options.Interceptors.Add<NotingInterceptor>("b", log);
        });

        Assert.Equal("hi!", await CallAsync(server.Invoker, kind));

        Assert.Equal(Sandwich, log);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task On_the_client_the_interceptor_given_first_surrounds_the_second_and_that_the_call(MethodType kind)
    {
        await using var server = await StartAsync(_ => { });
        var invoker = server.Channel.Intercept(new NotingInterceptor("a", log), new NotingInterceptor("b", log));

        Assert.Equal("hi!", await CallAsync(invoker, kind));

        Assert.Equal(["a before", "b before", "b after", "a after"], log.Where(line => line != "call"));
    }

    [Fact]
    public async Task A_blocking_call_passes_the_interceptors_too()
    {
        await using var server = await StartAsync(_ => { });
        var invoker = server.Channel.Intercept(new NotingInterceptor("a", log), new NotingInterceptor("b", log));

        Assert.Equal("hi!", invoker.BlockingUnaryCall(Unary, null, Bounded, "hi"));

        Assert.Equal(Sandwich, log);
    }

    [Fact]
    public async Task A_function_on_headers_adds_to_those_of_every_call()
    {
        await using var server = await TextServer.StartAsync(
            (_, context) => Task.FromResult(
                context.RequestHeaders.GetValue("own") + context.RequestHeaders.GetValue("added")));
        var invoker = server.Channel.Intercept(headers => new Metadata { headers[0], { "added", "2" } });

        Assert.Equal(
            "12",
            await invoker.AsyncUnaryCall(
                Unary, null, Bounded.WithHeaders(new Metadata { { "own", "1" } }), ""));
    }

    [Fact]
    public async Task An_interceptor_on_the_server_may_answer_instead_of_the_handler()
    {
        await using var server = await StartAsync(options => options.Interceptors.Add<RefusingInterceptor>());

        var failure = await Assert.ThrowsAsync<RpcException>(() => CallAsync(server.Invoker, MethodType.Unary));

        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
        Assert.Empty(log);
    }

    [Fact]
    public async Task An_interceptor_on_the_client_may_change_request_and_response()
    {
        await using var server = await StartAsync(_ => { });
        var invoker = server.Channel.Intercept(new ShoutingInterceptor());

        using var call = invoker.AsyncUnaryCall(Unary, null, Bounded, "hi");

        Assert.Equal("<HI!>", await call);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static Task<string> CallAsync(CallInvoker invoker, MethodType kind) => kind switch
    {
        MethodType.Unary => UnaryAsync(invoker),
        MethodType.ClientStreaming => ClientStreamingAsync(invoker),
        MethodType.ServerStreaming => ServerStreamingAsync(invoker),
        _ => DuplexAsync(invoker),
    };

    private static async Task<string> UnaryAsync(CallInvoker invoker)
    {
        using var call = invoker.AsyncUnaryCall(Unary, null, Bounded, "hi");
        return await call;
    }

    private static async Task<string> ClientStreamingAsync(CallInvoker invoker)
    {
        using var call = invoker.AsyncClientStreamingCall(ClientStreaming, null, Bounded);
        await call.RequestStream.WriteAsync("hi");
        await call.RequestStream.CompleteAsync();
        return await call;
    }

    private static async Task<string> ServerStreamingAsync(CallInvoker invoker)
    {
        using var call = invoker.AsyncServerStreamingCall(ServerStreaming, null, Bounded, "hi");
        return await OnlyAsync(call.ResponseStream);
    }

    private static async Task<string> DuplexAsync(CallInvoker invoker)
    {
        using var call = invoker.AsyncDuplexStreamingCall(Duplex, null, Bounded);
        await call.RequestStream.WriteAsync("hi");
        await call.RequestStream.CompleteAsync();
        return await OnlyAsync(call.ResponseStream);
    }

    private static async Task<string> OnlyAsync(IAsyncStreamReader<string> reader)
    {
        Assert.True(await reader.MoveNext());
        var only = reader.Current;
        Assert.False(await reader.MoveNext());
        return only;
    }

    private Task<TextServer> StartAsync(Action<GrpcServiceOptions> set) =>
        TextServer.StartAsync(
            methods => methods
                .AddMethod(Unary, (string request, ServerCallContext _) => Task.FromResult(Answer(request)))
                .AddMethod(
                    ClientStreaming,
                    async (IAsyncStreamReader<string> requests, ServerCallContext _) =>
                        Answer(await OnlyAsync(requests)))
                .AddMethod(
                    ServerStreaming,
                    (string request, IServerStreamWriter<string> responses, ServerCallContext _) =>
                        responses.WriteAsync(Answer(request)))
                .AddMethod(
                    Duplex,
                    async (
                        IAsyncStreamReader<string> requests,
                        IServerStreamWriter<string> responses,
                        ServerCallContext _) =>
                        await responses.WriteAsync(Answer(await OnlyAsync(requests)))),
            set);

    private string Answer(string request)
    {
        log.Enqueue("call");
        return request + "!";
    }
}
