using Grpc.Core;
using Grpc.Net.Client;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class CredentialsTests
{
    private static readonly CallCredentials Ann = Bearer("ann");

    [Fact]
    public async Task Credentials_of_a_call_are_sent_in_plain_text_where_the_channel_allows_it()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server, ChannelCredentials.Insecure);

        Assert.Equal("ann", await SayAsync(channel, Bounded.WithCredentials(Ann)));
        Assert.Equal("", await SayAsync(channel, Bounded));
    }

    [Fact]
    public async Task Credentials_of_a_channel_are_sent_with_every_call()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server, ChannelCredentials.Create(ChannelCredentials.Insecure, Ann));

        Assert.Equal("ann", await SayAsync(channel, Bounded));
        Assert.Equal("ann", await SayAsync(channel, Bounded));
    }

    [Fact]
    public async Task Composed_credentials_are_applied_in_their_order()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server, ChannelCredentials.Insecure);
        var order = new List<string>();

        await SayAsync(channel, Bounded.WithCredentials(CallCredentials.Compose(Noting("a"), Noting("b"))));

        Assert.Equal(["a", "b"], order);

        CallCredentials Noting(string name) => CallCredentials.FromInterceptor((_, _) =>
        {
            order.Add(name);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Credentials_learn_which_service_and_method_they_are_for()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server, ChannelCredentials.Insecure);
        AuthInterceptorContext? seen = null;
        var credentials = CallCredentials.FromInterceptor((context, _) =>
        {
            seen = context;
            return Task.CompletedTask;
        });

        await SayAsync(channel, Bounded.WithCredentials(credentials));

        Assert.Equal(Unary.Name, seen!.MethodName);
        Assert.Equal($"{server.Address}/{ServiceName}", seen.ServiceUrl);
    }

    [Fact]
    public async Task Without_leave_credentials_of_a_call_are_not_sent_in_plain_text()
    {
        await using var server = await StartAsync();

        Assert.Equal("", await SayAsync(server.Channel, Bounded.WithCredentials(Ann)));
    }

    [Fact]
    public void Without_leave_no_channel_in_plain_text_has_call_credentials()
    {
        var options = new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Ann),
        };

        Assert.Throws<InvalidOperationException>(() => GrpcChannel.ForAddress("http://127.0.0.1", options));
    }

    [Fact]
    public async Task Credentials_that_cannot_be_had_fail_the_call()
    {
        await using var server = await StartAsync();
        using var channel = OpenChannel(server, ChannelCredentials.Insecure);
        var none = CallCredentials.FromInterceptor((_, _) => throw new InvalidOperationException("no token"));

        await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel, Bounded.WithCredentials(none)));
    }

    private static CallCredentials Bearer(string token) => CallCredentials.FromInterceptor((_, headers) =>
    {
        headers.Add("authorization", token);
        return Task.CompletedTask;
    });

    private static Task<TextServer> StartAsync() => TextServer.StartAsync(
        (_, context) => Task.FromResult(context.RequestHeaders.GetValue("authorization") ?? ""));

    private static GrpcChannel OpenChannel(TextServer server, ChannelCredentials credentials) =>
        GrpcChannel.ForAddress(
            server.Address,
            new GrpcChannelOptions { Credentials = credentials, UnsafeUseInsecureChannelCallCredentials = true });

    private static async Task<string> SayAsync(GrpcChannel channel, CallOptions options)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(Unary, null, options, "");
        return await call;
    }
}
