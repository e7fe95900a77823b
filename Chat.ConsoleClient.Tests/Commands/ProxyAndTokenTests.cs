using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using GrpcChat.TestSupport;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>
/// What is on the way to a service: the proxy of the environment, and the service's check of a token.
/// </summary>
public sealed class ProxyAndTokenTests
{
    [Theory]
    [InlineData("http_proxy")]
    [InlineData("HTTP_PROXY")]
    [InlineData("all_proxy")]
    public async Task What_is_on_this_machine_is_reached_without_the_proxy(string variable)
    {
        await using var server = await ChatServer.StartAsync();
        (string, string)[] environment = [(variable, GetUnusedAddress())];

        var send = await ClientProcess.RunAsync(["send", "hello", "--address", $"{server.Address}"], null, environment);
        var history = await ClientProcess.RunAsync(
            ["history", "--address", $"http://localhost:{server.Address.Port}"], null, environment);

        Assert.Equal((0, 0, 0), (send.ExitCode, history.ExitCode, send.Errors.Length));
        Assert.EndsWith(": hello", Assert.Single(history.Output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("send", "hello")]
    public async Task A_proxy_that_does_not_answer_is_named(params string[] command)
    {
        var proxy = new Uri(GetUnusedAddress());

        var result = await ClientProcess.RunAsync(
            [.. command, "--address", "https://chat.invalid", "--wait", "5"],
            null,
            ("https_proxy", $"http://user:password@{proxy.Authority}"));

        Assert.Equal(3, result.ExitCode);
        Assert.Contains(
            $"no connection to https://chat.invalid through the proxy http://{proxy.Authority} (Connection refused); "
                + "check the proxy, or except the host from it with no_proxy",
            result.Errors[0],
            StringComparison.Ordinal);
        Assert.DoesNotContain("password", string.Concat(result.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("send", "hello")]
    public async Task A_proxy_that_refuses_is_named(params string[] command)
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var address = $"http://{proxy.LocalEndpoint}";
        var refusing = RefuseAsync(proxy);

        var result = await ClientProcess.RunAsync(
            [.. command, "--address", "https://chat.invalid", "--wait", "5"], null, ("https_proxy", address));

        proxy.Stop();
        await refusing;
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(
            $"no connection to https://chat.invalid through the proxy {address} (", result.Errors[0], StringComparison.Ordinal);
        Assert.Contains("403", result.Errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Through_a_proxy_the_certificate_of_the_service_is_checked()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=chat.invalid", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var address = $"http://{proxy.LocalEndpoint}";
        var tunnelling = TunnelAsync(proxy, certificate);

        var result = await ClientProcess.RunAsync(
            ["status", "--address", "https://chat.invalid"], null, ("https_proxy", address));

        proxy.Stop();
        await tunnelling;
        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith(
            $"chat: the certificate of https://chat.invalid (through the proxy {address}) is not trusted: ",
            result.Errors[0],
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("send", "hello")]
    public async Task A_proxy_without_TLS_is_named_at_once_as_what_cannot_work(params string[] command)
    {
        var proxy = GetUnusedAddress();

        var result = await ClientProcess.RunAsync([.. command, "--address", "http://chat.invalid"], null, ("http_proxy", proxy));

        Assert.Equal(3, result.ExitCode);
        Assert.Contains(
            $"the proxy {proxy} does not carry HTTP/2 without TLS to http://chat.invalid; "
                + "except the host from it with no_proxy, or use https://",
            result.Errors[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_wants_a_token_is_a_matter_of_the_token_file()
    {
        await using var chat = await ScriptedChat.StartAsync();
        chat.Rooms = _ => throw Scripted.Error(StatusCode.Unauthenticated);
        var refusing = RefuseAsync(chat, count: 1);

        var send = await ClientProcess.RunAsync(["send", "hello", "--address", chat.Address]);
        var rooms = await ClientProcess.RunAsync(["rooms", "--address", chat.Address]);

        await refusing;
        const string Said = "denies access: said so; give a file with a token that the service accepts: --token-file FILE";
        Assert.Equal((4, 4), (send.ExitCode, rooms.ExitCode));
        Assert.EndsWith(Said, send.Errors[0], StringComparison.Ordinal);
        Assert.EndsWith(Said, Assert.Single(rooms.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("TokenProvider", string.Concat([.. send.Errors, .. rooms.Errors]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrong", 4, "the service has refused this token before; put another one into the token file")]
    [InlineData("", 3, "no connection, retrying: cannot use the token file: the token is empty")]
    public async Task A_token_file_that_does_not_help_is_named(string token, int exitCode, string said)
    {
        using var directory = new TempDirectory();
        var file = Path.Combine(directory.Path, "token");
        await File.WriteAllTextAsync(file, token);
        await using var chat = await ScriptedChat.StartAsync();
        var refusing = RefuseAsync(chat, count: token.Length > 0 ? 1 : 0);

        var result = await ClientProcess.RunAsync(["tail", "--address", chat.Address, "--token-file", file, "--wait", "2"]);

        await refusing;
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(result.Errors, error => error.EndsWith(said, StringComparison.Ordinal));
        Assert.DoesNotContain("TokenProvider", string.Concat(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_file_of_another_service_is_named_without_words_of_the_library()
    {
        using var directory = new TempDirectory();
        var state = Path.Combine(directory.Path, "state");
        await ClientProcess.RunAsync(["send", "a", "--wait", "0.1", "--address", GetUnusedAddress(), "--state", state]);

        var result = await ClientProcess.RunAsync(["send", "a", "--address", GetUnusedAddress(), "--state", state]);

        Assert.Equal(5, result.ExitCode);
        Assert.EndsWith("; give another path", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    private static async Task RefuseAsync(ScriptedChat chat, int count)
    {
        for (var n = 0; n < count; n++)
        {
            (await chat.NextAsync()).Fail(StatusCode.Unauthenticated);
        }
    }

    private static Task RefuseAsync(TcpListener proxy) => ServeAsync(
        proxy, client => client.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray()).AsTask());

    private static Task TunnelAsync(TcpListener proxy, X509Certificate2 certificate) => ServeAsync(proxy, async client =>
    {
        await client.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
        await using var service = new SslStream(client);
        await service.AuthenticateAsServerAsync(certificate);
    });

    // Until the listener is stopped.
    private static async Task ServeAsync(TcpListener proxy, Func<NetworkStream, Task> answer)
    {
        while (true)
        {
            try
            {
                using var client = await proxy.AcceptTcpClientAsync();
                using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }

                await answer(client.GetStream());
            }
            catch (Exception error) when (error is IOException or AuthenticationException)
            {
                // The client has hung up.
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
