using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using GrpcChat.AspNetCore;
using GrpcChat.Client;
using GrpcChat.Client.Connecting;
using GrpcChat.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>A service that requires a token, and clients with the right one, a wrong one or none.</summary>
public sealed class TokenTests : LibraryTest
{
    [Fact]
    public async Task A_right_token_opens_the_stream_and_the_calls()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        await using var client = ChatClient.Open(Options(server.Address) with { TokenProvider = _ => new("right") });

        Assert.Equal(1, (await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline)).Id);
        Assert.Single((await client.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline)).Messages);
    }

    [Fact]
    public async Task A_token_that_expires_during_the_stream_is_replaced_and_no_attempt_is_refused()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(time: time, addServices: TestAuthentication.Add);
        var asked = 0;
        await using var client = ChatClient.Open(Options(server) with
        {
            TokenProvider = _ => new($"ann;expires={60 + asked++}"),
        });
        await client.SendAsync("ops", "with the first token").WaitAsync(ChatCall.Deadline);

        time.Advance(TimeSpan.FromSeconds(60) + GrpcChatAuthentication.ClockSkew);
        var changes = await ReadAsync<ConnectionChanged>(client, 1, changed => changed.State == ConnectionState.Waiting);
        var second = await client.SendAsync("ops", "with the second token").WaitAsync(ChatCall.Deadline);

        Assert.Equal(ProblemKind.EndedByService, changes[0].Problem!.Kind);
        Assert.Equal((2, 2), (second.Id, asked));
    }

    [Fact]
    public async Task A_token_that_tells_its_expiry_is_replaced_before_it_and_the_client_moves_without_a_failed_attempt()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(addServices: TestAuthentication.Add);
        var asked = 0;
        await using var client = ChatClient.Open(Options(server) with
        {
            TimeProvider = time,
            TokenProvider = _ => new(TestAuthentication.JsonWebToken("ann", time.GetUtcNow().AddSeconds(10 + asked++))),
        });
        _ = client.JoinAsync("ops");
        await client.SendAsync("ops", "with the first token").WaitAsync(ChatCall.Deadline);

        time.Advance(TimeSpan.FromSeconds(7.9));
        var askedEarly = asked;
        time.Advance(TimeSpan.FromSeconds(0.2));
        var changes = await ReadAsync<ConnectionChanged>(client, 3);
        var second = await client.SendAsync("ops", "with the second token").WaitAsync(ChatCall.Deadline);

        Assert.Equal(
            [ConnectionState.Connected, ConnectionState.Connecting, ConnectionState.Connected],
            changes.Select(changed => changed.State));
        Assert.All(changes, changed => Assert.Null(changed.Problem));
        Assert.Equal((1, 2, 2), (askedEarly, asked, second.Id));
        await server.UntilStreamsAsync(1);
    }

    [Fact]
    public async Task A_provider_that_has_no_other_token_yet_or_fails_is_asked_again_and_the_stream_goes_on()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(addServices: TestAuthentication.Add);
        var token = TestAuthentication.JsonWebToken("ann", time.GetUtcNow().AddSeconds(10));
        var (asked, fails) = (0, false);
        await using var client = ChatClient.Open(Options(server) with
        {
            TimeProvider = time,
            TokenProvider = _ =>
            {
                asked++;
                return fails ? throw new IOException("no token service") : new(token);
            },
        });
        await client.SendAsync("ops", "before").WaitAsync(ChatCall.Deadline);

        time.Advance(TimeSpan.FromSeconds(8));
        var afterSame = asked;
        fails = true;
        time.Advance(TimeSpan.FromSeconds(5));
        var afterFailure = asked;
        await client.SendAsync("ops", "meanwhile").WaitAsync(ChatCall.Deadline);
        var state = client.Connection;
        (token, fails) = (TestAuthentication.JsonWebToken("ann", time.GetUtcNow().AddSeconds(500)), false);
        time.Advance(TimeSpan.FromSeconds(5));
        var changes = await ReadAsync<ConnectionChanged>(client, 3);

        Assert.Equal((2, 3, 4), (afterSame, afterFailure, asked));
        Assert.Equal(new ConnectionChanged(ConnectionState.Connected, null), state);
        Assert.Equal(ConnectionState.Connected, changes[2].State);
    }

    [Fact]
    [Trait("Log", "sqlite")] // The list of blocked senders is a file.
    public async Task A_sender_who_is_blocked_halts_at_once_because_no_token_helps()
    {
        BlockedSendersFile.Change(Path.Combine(Directory, BlockedSendersFile.Name), _ => ["ann"]);
        await using var server = await ChatServer.StartAsync(directory: Directory, addServices: TestAuthentication.Add);
        var asked = 0;
        await using var client = ChatClient.Open(Options(server, withState: false) with { TokenProvider = _ => new($"ann;expires={60 + asked++}") });

        var changes = await ReadAsync<ConnectionChanged>(client, 1, changed => changed.State is ConnectionState.Waiting or ConnectionState.Halted);

        Assert.Equal((ConnectionState.Halted, ProblemKind.AccessDenied), (changes[0].State, changes[0].Problem!.Kind));
        Assert.EndsWith("you are blocked here; ask the service's operator", changes[0].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_token_that_is_too_large_for_any_service_is_not_sent_and_its_size_is_named()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        await using var client = ChatClient.Open(Options(server.Address) with { TokenProvider = _ => new(new string('x', 20 * 1024)) });

        var changes = await ReadAsync<ConnectionChanged>(client, 1, changed => changed.State == ConnectionState.Waiting);

        Assert.Equal(ProblemKind.NoToken, changes[0].Problem!.Kind);
        Assert.Contains("20480 bytes, but may have at most 15360", changes[0].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal(0, server.Calls);
    }

    [Theory]
    [InlineData("opaque")]
    [InlineData("a.b.c")]
    [InlineData("a.W10.c")] // []
    [InlineData("a.eyJleHAiOiJzb29uIn0.c")] // {"exp":"soon"}
    [InlineData("a.eyJleHAiOjFlMzA4fQ.c")] // {"exp":1e308}
    [InlineData("a.eyJleHAiOjk5OTk5OTk5OTk5OTk5fQ.c")] // {"exp":99999999999999}
    public void A_token_that_does_not_tell_its_expiry_is_used_as_it_is(string token) =>
        Assert.Null(TokenRenewal.ExpiryOf(token));

    [Fact]
    public async Task A_refused_token_is_asked_for_once_more_and_the_same_one_halts_the_client()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        var asked = 0;
        await using var client = ChatClient.Open(Options(server.Address) with
        {
            TokenProvider = _ =>
            {
                asked++;
                return new("wrong");
            },
        });

        var changes = await ReadAsync<ConnectionChanged>(client, 2, changed => changed.State is ConnectionState.Waiting or ConnectionState.Halted);

        Assert.Equal([ConnectionState.Waiting, ConnectionState.Halted], changes.Select(changed => changed.State));
        Assert.All(changes, changed => Assert.Equal(ProblemKind.AccessDenied, changed.Problem!.Kind));
        Assert.Contains("must return another one", changes[1].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal((2, 1), (asked, server.Calls));
        await Assert.ThrowsAsync<ChatHaltedException>(() => client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline));
    }

    [Fact]
    public async Task New_tokens_that_are_always_refused_halt_the_client_after_a_limit()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        var asked = 0;
        await using var client = ChatClient.Open(Options(server.Address) with
        {
            TokenProvider = _ => new($"wrong-{++asked}"),
            MaxRefusedTokens = 3,
        });

        var changes = await ReadAsync<ConnectionChanged>(
            client, 3, changed => changed.State is ConnectionState.Waiting or ConnectionState.Halted);

        Assert.Equal(
            [ConnectionState.Waiting, ConnectionState.Waiting, ConnectionState.Halted], changes.Select(changed => changed.State));
        Assert.Equal(ProblemKind.AccessDenied, changes[2].Problem!.Kind);
        Assert.Contains("tokens refused in a row: 3", changes[2].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal((3, 3), (asked, server.Calls));
    }

    [Fact]
    public async Task Only_tokens_that_are_refused_in_a_row_count()
    {
        await using var chat = await ScriptedChat.StartAsync();
        var asked = 0;
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TokenProvider = _ => new($"token-{++asked}"),
            MaxRefusedTokens = 2,
        });
        for (var n = 0; n < 4; n++)
        {
            (await chat.NextAsync()).Fail(StatusCode.Unauthenticated);
            (await chat.WelcomeAsync()).Fail(StatusCode.Unavailable);
        }

        Assert.NotEqual(ConnectionState.Halted, client.Connection.State);
    }

    [Fact]
    public async Task No_token_where_one_is_needed_halts_the_client()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        await using var client = ChatClient.Open(Options(server.Address));

        var halted = await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Halted);

        Assert.Equal(ProblemKind.AccessDenied, halted.Problem!.Kind);
        Assert.Contains("denies access", halted.Problem.Message, StringComparison.Ordinal);
        Assert.Contains("TokenProvider", halted.Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_has_a_new_token_gets_in()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        var tokens = new Queue<string>(["expired", "right"]);
        await using var client = ChatClient.Open(Options(server.Address) with { TokenProvider = _ => new(tokens.Dequeue()) });

        Assert.Equal(1, (await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline)).Id);
        Assert.Empty(tokens);
    }

    [Fact]
    public async Task A_provider_that_throws_is_asked_again()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        var asked = 0;
        await using var client = ChatClient.Open(Options(server.Address) with
        {
            TokenProvider = _ => ++asked < 3 ? throw new InvalidOperationException("the vault is shut") : new("right"),
        });

        var waiting = await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Waiting);
        Assert.Equal(ProblemKind.NoToken, waiting.Problem!.Kind);
        Assert.Contains("the vault is shut", waiting.Problem.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline)).Id);
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("größer")]
    [InlineData("")]
    public async Task A_token_that_is_no_token_is_named_without_its_text(string token)
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right");
        var log = new LogLines();
        await using var client = ChatClient.Open(Options(server.Address) with { TokenProvider = _ => new(token), LoggerFactory = log });

        var waiting = await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Waiting);

        Assert.Equal(ProblemKind.NoToken, waiting.Problem!.Kind);
        Assert.Contains("TokenProvider", waiting.Problem.Message, StringComparison.Ordinal);
        Assert.All(log.Lines, line => Assert.DoesNotContain(token.Length > 0 ? token[^5..] : "Bearer", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_right_that_is_missing_halts_the_client_whatever_the_token()
    {
        await using var server = await GuardedServer.StartAsync(Directory, "right", StatusCode.PermissionDenied);
        await using var client = ChatClient.Open(Options(server.Address) with { TokenProvider = _ => new("wrong") });

        var halted = await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Halted);

        Assert.Equal(ProblemKind.AccessDenied, halted.Problem!.Kind);
        var error = await Assert.ThrowsAsync<ChatCallException>(() => client.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline));
        Assert.Equal(ProblemKind.AccessDenied, error.Problem.Kind);
    }

    /// <summary>The service behind a token check, as an application may add one.</summary>
    private sealed class GuardedServer : IAsyncDisposable
    {
        private readonly WebApplication app;
        private readonly Guard guard;

        private GuardedServer(WebApplication app, Guard guard) => (this.app, this.guard) = (app, guard);

        public string Address => app.Urls.Single();

        public int Calls => guard.Calls;

        public static async Task<GuardedServer> StartAsync(string data, string token, StatusCode refusal = StatusCode.Unauthenticated)
        {
            var guard = new Guard(token, refusal);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
            builder.Services.AddGrpcChat(chat => chat.Data = Path.Combine(data, "log"));
            builder.Services.AddSingleton(guard);
            builder.Services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<Guard>());
            var app = builder.Build();
            app.MapGrpcChat();
            await app.StartAsync();
            return new GuardedServer(app, guard);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }

    private sealed class Guard(string token, StatusCode refusal) : Interceptor
    {
        public int Calls { get; private set; }

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Check(context);
            return continuation(request, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Check(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Check(ServerCallContext context)
        {
            Calls++;
            if (context.RequestHeaders.GetValue("authorization") != $"Bearer {token}")
            {
                throw new RpcException(new Status(refusal, "the token is not right"));
            }
        }
    }
}
