using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service;
using GrpcChat.Service.Edge;
using GrpcChat.Service.Management;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>The management address: where it is, what is served there, and what is not.</summary>
public sealed class ManagementTests : IDisposable
{
    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData(null, "127.0.0.1:5000", "127.0.0.1:5001")]
    [InlineData(null, "0.0.0.0:443", "127.0.0.1:444")]
    [InlineData(null, "127.0.0.1:0", "127.0.0.1:0")]
    [InlineData(null, "127.0.0.1:65535", "127.0.0.1:0")]
    [InlineData("0.0.0.0:9000", "127.0.0.1:5000", "0.0.0.0:9000")]
    [InlineData("[::1]:0", "127.0.0.1:0", "[::1]:0")]
    [InlineData("none", "127.0.0.1:5000", null)]
    public void It_is_on_loopback_beside_the_port_of_the_chat_unless_it_is_set(string? value, string listen, string? expected) =>
        Assert.Equal(expected, ManagementEndPoint.Read(value, IPEndPoint.Parse(listen))?.ToString());

    [Fact]
    public async Task Where_the_chat_takes_a_free_port_so_do_the_management_pages_and_the_start_lines_say_which()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, management: null);

        Assert.Matches(@"^management: http://127\.0\.0\.1:\d+$", service.StartLines[1]);
        Assert.Equal((HttpStatusCode.OK, """{"status":"alive"}"""), await service.GetAsync("/healthz/live"));
        Assert.Equal(
            (HttpStatusCode.OK, """{"status":"healthy","read":"ok","write":"ok","draining":false}"""),
            await service.GetAsync("/healthz/ready"));
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Without_one_no_other_port_is_opened()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "none");

        Assert.DoesNotContain(service.StartLines, line => line.StartsWith("management", StringComparison.Ordinal));
        Assert.Equal([service.Address.Port], ListeningPorts(service.Id));
    }

    [Fact]
    public async Task Each_address_serves_its_own_whatever_the_caller_says_of_the_host()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "127.0.0.1:0");
        using var http = new HttpClient();
        using var chatAsked = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, "/healthz/live"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { Host = service.Management.Authority },
        };
        using var managementAsked = new HttpRequestMessage(
            HttpMethod.Post, new Uri(service.Management, "/chat.v1.ChatService/ListRooms"))
        {
            Headers = { Host = service.Address.Authority },
            Content = new ByteArrayContent(new byte[5]) { Headers = { ContentType = new("application/grpc") } },
        };

        Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(chatAsked)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(managementAsked)).StatusCode);
        using var channel = GrpcChannel.ForAddress(service.Management);
        await Assert.ThrowsAsync<RpcException>(async () => await new ChatService.ChatServiceClient(channel).ListRoomsAsync(
            new ListRoomsRequest(), new Metadata { { "user", "ann" } }));
    }

    [Fact]
    public async Task It_may_be_beyond_loopback_without_authentication_and_TLS()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "0.0.0.0:0");

        Assert.StartsWith("management: http://0.0.0.0:", service.StartLines[1], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/ready")).Status);
    }

    [Fact]
    public async Task It_answers_while_the_chat_has_all_the_connections_that_it_may_have()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path, management: "127.0.0.1:0", arguments: ["--max-connections", "16"]);
        var sockets = new List<Socket>();
        try
        {
            for (var n = 0; n < 17; n++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(service.Address.Host, service.Address.Port);
            }

            // The last one is closed, so the others have all places.
            Assert.Equal(0, await ReadAsync(sockets[16]).WaitAsync(ChatCall.Deadline));
            Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/live")).Status);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_service_whose_log_failed_is_neither_alive_nor_ready()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenForManagement(new ManagementEndPoint(IPAddress.Loopback, 0)));
        builder.Services.AddGrpcChat(options => options.Data = data.Path);
        builder.Services.AddSingleton<IMessageLog>(_ => TestLog.Open(
            data.Path, new LogOptions { BeforeCommit = _ => throw new IOException("The disk does not answer.") }));
        builder.Services.AddManagement();
        builder.AddTelemetry(new Dictionary<string, string>(), hasPage: true);
        await using var app = builder.Build();
        app.UseManagement();
        await app.StartAsync();
        var log = app.Services.GetRequiredService<IMessageLog>();

        await new RecordingStream(log).HandOverAsync("room", "k");
        await Assert.ThrowsAsync<IOException>(() => log.Stopped.WaitAsync(ChatCall.Deadline));

        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/healthz/live")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/healthz/ready")).StatusCode);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_option_and_no_log_is_made()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--management", $"{taken.LocalEndpoint}", "--data", data.Path]);

        Assert.Equal(3, exitCode);
        var line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"{taken.LocalEndpoint}: the port is in use", line, StringComparison.Ordinal);
        Assert.Contains("--management", line, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData("nowhere", "--management is 'nowhere', but must be host:port or none")]
    [InlineData("", "--management is '', but must be host:port or none")]
    [InlineData("0.0.0.0:5077", "--management is '0.0.0.0:5077', but that port is the chat's")]
    public async Task A_wrong_value_is_named_in_one_line(string value, string said)
    {
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:5077", "--management", value, "--data", data.Path]);

        Assert.Equal(2, exitCode);
        Assert.Contains(said, Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static async Task<int> ReadAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[64]);
        }
        catch (SocketException)
        {
            return 0; // reset
        }
    }

    private static int[] ListeningPorts(int process)
    {
        var sockets = Directory.GetFiles($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget).ToHashSet();
        return
        [
            .. File.ReadLines($"/proc/{process}/net/tcp").Concat(File.ReadLines($"/proc/{process}/net/tcp6"))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(columns => columns[3] == "0A" && sockets.Contains($"socket:[{columns[9]}]"))
                .Select(columns => Convert.ToInt32(columns[1].Split(':')[1], 16)),
        ];
    }
}

/// <summary>Reads pages of a service's management address.</summary>
internal static class ManagementClient
{
    private static readonly HttpClient Http = new() { Timeout = ChatCall.Deadline };

    public static async Task<(HttpStatusCode Status, string Body)> GetAsync(this ServiceProcess service, string path)
    {
        // Where the service listens everywhere, this machine is one of the addresses.
        var page = new UriBuilder(service.Management) { Host = IPAddress.Loopback.ToString(), Path = path };
        using var response = await Http.GetAsync(page.Uri);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
