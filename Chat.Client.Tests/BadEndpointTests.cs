using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.Client.Connecting;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What a client says about an address at which no chat service answers, and what to do.</summary>
public sealed class BadEndpointTests : LibraryTest
{
    [Fact]
    public async Task Nothing_listens()
    {
        var address = NobodyThere();
        await AssertWaitsAsync(Options(address), ProblemKind.Unreachable, $"nothing answers at {address}", "refused");
    }

    [Fact]
    public Task The_host_is_unknown() => AssertWaitsAsync(
        Options("http://nowhere.invalid:5000"), ProblemKind.Unreachable, "no such host: http://nowhere.invalid:5000", "check the address");

    [Fact]
    public async Task Https_to_a_service_without_TLS()
    {
        await using var server = await ChatServer.StartAsync();
        server.ExpectErrors();
        var address = server.Address.ToString().Replace("http:", "https:", StringComparison.Ordinal);
        await AssertWaitsAsync(Options(address), ProblemKind.Tls, $"no TLS connection to {address}", "starts with http://");
    }

    [Fact]
    public async Task Http_to_a_service_with_TLS()
    {
        using var certificate = SelfSigned();
        await using var server = await ServeAsync(HttpProtocols.Http2, context => Task.CompletedTask, certificate);
        var address = server.Urls.Single().Replace("https:", "http:", StringComparison.Ordinal);
        await AssertWaitsAsync(Options(address), ProblemKind.Broken, $"the server at {address} did not complete the HTTP/2 handshake", "https://");
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted()
    {
        using var certificate = SelfSigned();
        await using var server = await ServeAsync(HttpProtocols.Http2, context => Task.CompletedTask, certificate);
        var address = server.Urls.Single();
        await AssertWaitsAsync(Options(address), ProblemKind.Tls, $"the certificate of {address} is not trusted", "UntrustedRoot");
    }

    [Theory]
    [InlineData(200, "text/html", ProblemKind.NotAChatService, "check the address")]
    [InlineData(502, "text/html", ProblemKind.Unreachable, "does not reach one")]
    [InlineData(503, "", ProblemKind.Unreachable, "does not reach one")]
    public async Task A_server_that_speaks_HTTP_2_and_no_gRPC(int status, string contentType, ProblemKind kind, string said)
    {
        await using var server = await ServeAsync(HttpProtocols.Http2, context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType.Length > 0 ? contentType : null;
            return contentType.Length > 0 ? context.Response.WriteAsync("<html>") : Task.CompletedTask;
        });
        var address = server.Urls.Single();
        await AssertWaitsAsync(Options(address), kind, $"the server at {address} is not a chat service", said);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(200)]
    public async Task A_server_that_has_no_such_call_halts_the_client(int status)
    {
        await using var server = await ServeAsync(HttpProtocols.Http2, context =>
        {
            context.Response.StatusCode = status;
            if (status == 200)
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = "12";
            }

            return Task.CompletedTask;
        });
        var address = server.Urls.Single();
        await AssertHaltsAsync(Options(address), ProblemKind.NotAChatService, $"the server at {address} is not a chat service", "check the address");
    }

    [Fact]
    public async Task A_server_that_speaks_HTTP_1_alone()
    {
        await using var server = new BareServer(async stream =>
        {
            // A real one answers the preface. Then chance decides whether the request meets the answer or a connection
            // that has failed because of it; and in the second case .NET does not say what has come.
            await UntilRequestAsync(stream);
            await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());

            // Closed with something unread, the connection would be reset, and the answer lost.
            await stream.CopyToAsync(System.IO.Stream.Null);
        });
        await AssertWaitsAsync(
            Options(server.Address), ProblemKind.NotAChatService, $"the server at {server.Address} does not speak HTTP/2 without TLS", "check the port");
    }

    [Fact]
    public async Task A_server_that_hangs_up()
    {
        await using var server = new BareServer(_ => Task.CompletedTask);
        await AssertWaitsAsync(
            Options(server.Address), ProblemKind.Broken, $"the server at {server.Address} did not complete the HTTP/2 handshake", "check the address");
    }

    // What .NET reports of a server that hangs up, depending on where the request is at that moment. It reports the
    // first two of one that speaks HTTP/1.1 as well, when the request has not reached the connection yet.
    [Fact]
    public void A_handshake_that_fails_has_one_message_whatever_DotNet_reports()
    {
        const string Incomplete = "An HTTP/2 connection could not be established because the server did not complete the HTTP/2 handshake.";
        HttpRequestException[] reported =
        [
            new(Incomplete),
            new("An error occurred while sending the request.", new IOException(Incomplete, new ObjectDisposedException("NetworkStream"))),
            new(HttpRequestError.InvalidResponse, Incomplete, new HttpIOException(
                HttpRequestError.InvalidResponse, Incomplete, new HttpIOException(HttpRequestError.ResponseEnded))),
            new("An error occurred while sending the request.", new IOException("", new SocketException((int)SocketError.ConnectionReset))),
        ];
        Assert.All(reported, error =>
        {
            var end = Problems.Of(new RpcException(new Status(StatusCode.Unavailable, error.Message, error)), new Target("http://x:1", null), wasConnected: false);
            Assert.Equal((ProblemKind.Broken, false), (end.Kind, end.IsFinal));
            Assert.StartsWith("the server at http://x:1 did not complete the HTTP/2 handshake;", end.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing()
    {
        var never = new TaskCompletionSource();
        await using var server = new BareServer(_ => never.Task);
        await AssertWaitsAsync(
            Options(server.Address) with { FirstFrameTimeout = TimeSpan.FromMilliseconds(100) },
            ProblemKind.Silent,
            $"{server.Address} sent nothing for 0.1 s",
            "");
        never.SetResult();
    }

    [Fact]
    public async Task A_server_that_closes_the_connection_while_a_message_is_being_written_is_tried_again()
    {
        const int Data = 0;
        await using var server = new BareServer(async stream =>
        {
            // SETTINGS with a window of 16 bytes, so that the client stops within a message. Then GOAWAY, without an
            // error and before the first stream.
            await stream.WriteAsync(new byte[] { 0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 16 });
            await UntilRequestAsync(stream);
            await UntilFrameAsync(stream, Data);
            await stream.WriteAsync(new byte[] { 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
            await UntilFrameAsync(stream, type: -1);
        });
        var options = Options(server.Address) with { FlushTimeout = TimeSpan.Zero, FirstFrameTimeout = TimeSpan.FromSeconds(2) };
        await using var client = ChatClient.Open(options);
        await client.EnqueueAsync("ops", new string('x', 1000));

        var waits = await ReadAsync<ConnectionChanged>(client, 2, changed => changed.State == ConnectionState.Waiting);

        // Seldom, the HTTP client repeats the call by itself and tells nobody. Then the silence is noticed.
        Assert.All(waits, changed => AssertProblem(
            changed.Problem!, changed.Problem!.Kind == ProblemKind.Silent ? ProblemKind.Silent : ProblemKind.Broken, [server.Address]));
    }

    [Fact]
    public async Task A_client_that_waited_finds_the_service_when_it_comes()
    {
        using var data = new TempDirectory();
        var address = NobodyThere();
        await using var client = ChatClient.Open(Options(address));
        await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Waiting);
        await client.EnqueueAsync("ops", "early");

        await using var service = await ServiceProcess.StartAsync(data.Path, listen: address["http://".Length..]);

        var acked = await ReadAsync<MessageAcked>(client);
        Assert.Equal(1, acked.Id);
        Assert.Equal(new ConnectionChanged(ConnectionState.Connected, null), client.Connection);
    }

    private static async Task AssertWaitsAsync(ChatClientOptions options, ProblemKind kind, params string[] words)
    {
        // The first attempt decides: the next one would come after longer than any test waits.
        options = options with { ReconnectDelay = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.FromHours(1), Random = new FixedRandom(1) };
        await using var client = ChatClient.Open(options with { FlushTimeout = TimeSpan.Zero });
        var changed = await ReadAsync<ConnectionChanged>(client, changed => changed.Problem is not null);
        AssertProblem(changed.Problem!, kind, words);
        Assert.Equal(ConnectionState.Waiting, changed.State);
        Assert.True(changed.Problem!.RetryAfter >= TimeSpan.Zero);

        // A call says the same, without a state, when its time is over.
        var callTimeout = kind == ProblemKind.Silent ? TimeSpan.FromMilliseconds(300) : TimeSpan.FromSeconds(2);
        var error = await Assert.ThrowsAsync<ChatCallException>(() =>
            OnceAsync(options with { CallTimeout = callTimeout, StateStore = null }));
        AssertProblem(error.Problem, kind, kind == ProblemKind.Silent ? ["sent no answer in time"] : words);
    }

    private static async Task AssertHaltsAsync(ChatClientOptions options, ProblemKind kind, params string[] words)
    {
        await using var client = ChatClient.Open(options with { FlushTimeout = TimeSpan.Zero });
        var changed = await ReadAsync<ConnectionChanged>(client, changed => changed.Problem is not null);
        AssertProblem(changed.Problem!, kind, words);
        Assert.Equal((ConnectionState.Halted, null), (changed.State, changed.Problem!.RetryAfter));
        var halted = await Assert.ThrowsAsync<ChatHaltedException>(() => client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline));
        Assert.Equal(changed.Problem, halted.Problem);
    }

    private static async Task OnceAsync(ChatClientOptions options)
    {
        await using var client = ChatClient.Open(options with { FlushTimeout = TimeSpan.Zero });
        await client.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline);
    }

    private static void AssertProblem(ConnectionProblem problem, ProblemKind kind, string[] words)
    {
        Assert.All(words, word => Assert.Contains(word, problem.Message, StringComparison.Ordinal));
        Assert.Equal(kind, problem.Kind);
        Assert.DoesNotContain('\n', problem.Message);
        TestContext.Current.TestOutputHelper?.WriteLine($"{problem.Kind}: {problem.Message}");
    }

    // Reads the preface of HTTP/2 and frames up to the first HEADERS.
    private static async Task UntilRequestAsync(NetworkStream stream)
    {
        const int Headers = 1;
        await stream.ReadExactlyAsync(new byte[24]);
        await UntilFrameAsync(stream, Headers);
    }

    private static async Task UntilFrameAsync(NetworkStream stream, int type)
    {
        var frame = new byte[9];
        do
        {
            await stream.ReadExactlyAsync(frame);
            await stream.ReadExactlyAsync(new byte[(frame[0] << 16) | (frame[1] << 8) | frame[2]]);
        }
        while (frame[3] != type);
    }

    private static async Task<WebApplication> ServeAsync(HttpProtocols protocols, RequestDelegate serve, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener =>
        {
            listener.Protocols = protocols;
            if (certificate is not null)
            {
                listener.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        app.Run(serve);
        await app.StartAsync();
        return app;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>A port that treats each connection as the test says, and then closes it.</summary>
    private sealed class BareServer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly Task accepting;

        public BareServer(Func<NetworkStream, Task> serve)
        {
            listener.Start();
            accepting = AcceptAsync(serve);
        }

        public string Address => $"http://{listener.LocalEndpoint}";

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task AcceptAsync(Func<NetworkStream, Task> serve)
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                _ = ServeAsync(client, serve);
            }
        }

        private static async Task ServeAsync(TcpClient client, Func<NetworkStream, Task> serve)
        {
            using (client)
            {
                await serve(client.GetStream());
            }
        }
    }
}
