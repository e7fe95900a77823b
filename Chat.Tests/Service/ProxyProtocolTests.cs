using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.Service;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>Connections that begin with the PROXY protocol, as a proxy makes them that forwards bytes.</summary>
public sealed class ProxyProtocolTests : IDisposable
{
    private const string Caller = "192.0.2.1";
    private const int Local = 0x20;
    private const int Proxied = 0x21;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private readonly TempDirectory data = new();
    private readonly TempDirectory files = new();

    private readonly NewRooms rooms = new();

    public void Dispose()
    {
        files.Dispose();
        data.Dispose();
    }

    [Theory]
    [InlineData("192.0.2.1", false, 0, false)]
    [InlineData("192.0.2.1", true, 0, false)]
    [InlineData("2001:db8::1", true, 0, false)]
    [InlineData("192.0.2.1", false, 2000, false)]
    [InlineData("192.0.2.1", true, 300, true)]
    public async Task Callers_share_the_limits_of_the_address_that_the_proxy_names(
        string caller, bool hasTls, int moreBytes, bool byteByByte)
    {
        using var certificates = new TestCertificates(files.Path);
        string[] tls = hasTls ? ["--tls-certificate", certificates.Write("server")] : [];
        await using var service = await StartAsync("127.0.0.1", tls);
        using var ann = Connect(service, Preamble(caller, moreBytes: moreBytes), byteByByte, certificates);
        using var bob = Connect(service, Preamble(caller), byteByByte, certificates);
        using var cleo = Connect(service, Preamble("198.51.100.7"), byteByByte, certificates);

        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(ann, "ann"));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(bob, "bob"));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(cleo, "cleo"));
    }

    [Fact]
    public async Task A_caller_cannot_name_another_address_by_a_header()
    {
        await using var service = await StartAsync("127.0.0.1");
        using var ann = Connect(service, Preamble(Caller));

        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(ann, "ann", "198.51.100.1"));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(ann, "bob", "198.51.100.2"));
    }

    [Fact]
    public async Task A_connection_for_the_proxy_itself_or_for_something_without_an_address_is_its_own()
    {
        await using var service = await StartAsync("127.0.0.1");
        var user = 0;
        foreach (var preamble in (byte[][])[Preamble(Caller, Local), Preamble(Caller, family: 0), Preamble(Caller, family: 0x31)])
        {
            using var channel = Connect(service, preamble);
            Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, $"user-{user++}"));
            Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, $"user-{user++}"));
        }
    }

    [Fact]
    public async Task The_connections_of_an_address_are_limited_although_the_proxy_opens_them()
    {
        await using var service = await StartAsync("127.0.0.1", "--max-connections-per-address", "2");
        using var first = await OpenAsync(service, Preamble(Caller));
        Assert.True(await IsServedAsync(first));
        using (var second = await OpenAsync(service, Preamble(Caller)))
        {
            Assert.True(await IsServedAsync(second));
            using var third = await OpenAsync(service, Preamble(Caller));
            Assert.False(await IsServedAsync(third));
            using var http = new HttpClient();
            Assert.Matches(
                """chat_limited_total\{[^}]*chat_limit="MaxConnectionsPerAddress"[^}]*\} 1""",
                await http.GetStringAsync(new Uri(service.Management, "/metrics")));
            using var ofAnother = await OpenAsync(service, Preamble("192.0.2.2"));
            Assert.True(await IsServedAsync(ofAnother));
        }

        for (var isServed = false; !isServed;)
        {
            using var next = await OpenAsync(service, Preamble(Caller));
            isServed = await IsServedAsync(next);
        }
    }

    public static TheoryData<string, byte[]> Wrong => new()
    {
        { "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray() },
        { "version 1", "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"u8.ToArray() },
        { "another version", Preamble(Caller, command: 0x31) },
        { "an unknown command", Preamble(Caller, command: 0x22) },
        { "addresses that are too short", [.. Preamble(Caller)[..14], 0, 4, 192, 0, 2, 1] },
        { "half of it, and then nothing", Preamble(Caller)[..20] },
        { "nothing", [] },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_connection_of_a_trusted_proxy_that_begins_otherwise_is_ended(string what, byte[] bytes)
    {
        await using var service = await StartAsync("127.0.0.1");
        using var wrong = await OpenAsync(service, bytes);

        Assert.False(await IsServedAsync(wrong, greet: false), what);
        using var right = await OpenAsync(service, Preamble(Caller));
        Assert.True(await IsServedAsync(right));
        Assert.Contains(
            "A connection from the trusted proxy 127.0.0.1:",
            (await service.TerminateAsync()).Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_whether_the_port_is_open_is_no_fault()
    {
        await using var service = await StartAsync("127.0.0.1");
        (await OpenAsync(service, [])).Dispose();
        using var right = await OpenAsync(service, Preamble(Caller));

        Assert.True(await IsServedAsync(right));
        Assert.DoesNotContain("PROXY", (await service.TerminateAsync()).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_names_https_is_served_although_the_proxy_has_taken_off_TLS()
    {
        await using var service = await StartAsync("127.0.0.1");
        using var socket = await OpenAsync(service, Preamble(Caller));
        Assert.True(await IsServedAsync(socket));

        // One HEADERS frame: POST, https, the path /, and an authority.
        await socket.SendAsync((byte[])[0, 0, 6, Headers, 5, 0, 0, 0, 1, 0x83, 0x87, 0x84, 0x41, 1, (byte)'x']);
        var answer = await ReadFrameAsync(socket);
        while (answer.Stream != 1)
        {
            answer = await ReadFrameAsync(socket);
        }

        Assert.Equal(Headers, answer.Type);
    }

    [Fact]
    public async Task Nobody_else_may_begin_so_and_others_begin_as_ever()
    {
        await using var service = await StartAsync("127.0.0.2");
        using var liar = await OpenAsync(service, Preamble(Caller));
        using var honest = await OpenAsync(service, []);

        Assert.False(await IsServedAsync(liar));
        Assert.True(await IsServedAsync(honest));
    }

    [Fact]
    public async Task Without_a_trusted_proxy_the_option_ends_the_start_in_one_line()
    {
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--data", data.Path, "--proxy-protocol", "true"]);

        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.Equal("chat service: --proxy-protocol is true, but no proxy is trusted; set --trusted-proxies\n", errors);
    }

    private static byte[] Preamble(string source, int command = Proxied, int? family = null, int moreBytes = 0)
    {
        var address = IPAddress.Parse(source).GetAddressBytes();
        byte[] addresses = [.. address, .. address, 0x12, 0x34, 0x01, 0xBB, .. new byte[moreBytes]];
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)addresses.Length);
        return
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8, (byte)command, (byte)(family ?? (address.Length == 4 ? 0x11 : 0x21)), .. length, .. addresses,
        ];
    }

    private static async Task<Socket> OpenAsync(ServiceProcess service, byte[] bytes, bool byteByByte = false)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(service.Address.Host, service.Address.Port).WaitAsync(ChatCall.Deadline);
        foreach (var part in byteByByte ? bytes.Select(one => new[] { one }) : [bytes])
        {
            await socket.SendAsync(part);
        }

        return socket;
    }

    // Whether it is answered as HTTP/2, with a frame of settings.
    private static async Task<bool> IsServedAsync(Socket socket, bool greet = true)
    {
        byte[] preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, Settings, 0, 0, 0, 0, 0];
        try
        {
            await socket.SendAsync(greet ? preface : []);
            return (await ReadFrameAsync(socket)).Type == Settings;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return false;
        }
    }

    // A frame with less than 256 bytes, on one of the first streams.
    private static async Task<(byte Type, byte Stream)> ReadFrameAsync(Socket socket)
    {
        await using var input = new NetworkStream(socket);
        using var deadline = new CancellationTokenSource(ChatCall.Deadline);
        var header = new byte[9];
        await input.ReadExactlyAsync(header, deadline.Token);
        await input.ReadExactlyAsync(new byte[header[2]], deadline.Token);
        return (header[3], header[8]);
    }

    private static GrpcChannel Connect(
        ServiceProcess service, byte[] preamble, bool byteByByte = false, TestCertificates? certificates = null)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, _) =>
                new NetworkStream(await OpenAsync(service, preamble, byteByByte), ownsSocket: true),
        };
        if (certificates is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { X509Certificate2.CreateFromPem(File.ReadAllText(certificates.WriteAuthority(), Encoding.UTF8)) },
            };
        }

        return GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    private Task<ServiceProcess> StartAsync(string trusted, params string[] arguments) => ServiceProcess.StartAsync(
        data.Path,
        management: "127.0.0.1:0",
        arguments:
        [
            "--max-new-rooms-per-sender-and-minute", "1", "--proxy-protocol", "true", "--trusted-proxies", trusted, .. arguments,
        ]);
}
