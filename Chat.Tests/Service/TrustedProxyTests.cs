using System.Net;
using Grpc.Core;
using GrpcChat.Service;
using GrpcChat.Service.Edge;
using GrpcChat.TestSupport;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>
/// Whom a call counts for, behind a proxy. The tests call from this machine, as a proxy does, and see from the limit on
/// new rooms which address the service took: callers without checked names share that of their address.
/// </summary>
public sealed class TrustedProxyTests : IDisposable
{
    private const string Caller = "192.0.2.1";
    private readonly TempDirectory data = new();
    private readonly NewRooms rooms = new();

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("192.0.2.1:4711")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("198.51.100.7, 192.0.2.1")]
    [InlineData("127.0.0.1, 192.0.2.1")]
    [InlineData("no address, 192.0.2.1")]
    [InlineData("198.51.100.7, 192.0.2.1, 10.1.2.3, 127.0.0.1")]
    [InlineData("198.51.100.7, 192.0.2.1, HOPS")]
    public async Task Callers_behind_a_trusted_proxy_share_the_limits_of_the_last_address_that_is_no_proxy(string header)
    {
        header = header.Replace("HOPS", string.Join(", ", Enumerable.Repeat("10.1.2.3", 500)), StringComparison.Ordinal);
        await using var service = await StartAsync("--trusted-proxies", "127.0.0.1, 10.0.0.0/8");
        using var channel = service.OpenChannel();

        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "ann", header));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(channel, "bob", header));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(channel, "cleo", Caller));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "dan", "198.51.100.7"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("999.0.2.1")]
    [InlineData("192.0.2.1, unknown")]
    [InlineData("192.0.2.1, 192.0.2.1 198.51.100.7")]
    public async Task A_header_whose_end_is_no_address_leaves_that_of_the_proxy(string header)
    {
        await using var service = await StartAsync("--trusted-proxies", "127.0.0.1");
        using var channel = service.OpenChannel();

        // On this machine, callers are told apart by their names.
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "ann", header));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "bob", header));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(channel, "ann", header));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "cleo", Caller));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--trusted-proxies 192.0.2.9,10.0.0.0/8,::1")]
    public async Task A_header_of_anybody_else_is_ignored(string arguments)
    {
        await using var service = await StartAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        using var channel = service.OpenChannel();

        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "ann", Caller));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "bob", Caller));
        Assert.Equal(StatusCode.ResourceExhausted, await rooms.MakeAsync(channel, "ann", "198.51.100.7"));
    }

    [Fact]
    public async Task A_setting_of_the_platform_lets_nobody_be_believed()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            arguments: ["--max-new-rooms-per-sender-and-minute", "1"],
            environment: ("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true"));
        using var channel = service.OpenChannel();

        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "ann", Caller));
        Assert.Equal(StatusCode.OK, await rooms.MakeAsync(channel, "bob", Caller));
    }

    [Fact]
    public async Task The_start_lines_name_the_trusted_proxies()
    {
        await using var service = await StartAsync("--trusted-proxies", "127.0.0.1,2001:db8::/32");

        Assert.Contains("trusted proxies: 127.0.0.1,2001:db8::/32, by X-Forwarded-For", service.StartLines);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("10.1")]
    [InlineData("10.0.0.0/33")]
    [InlineData("0.0.0.0/0")]
    [InlineData("proxy.example.com")]
    [InlineData("127.0.0.1,")]
    [InlineData("127.0.0.1:5000")]
    [InlineData(" ")]
    public async Task What_is_no_list_of_addresses_and_networks_ends_the_start_in_one_line(string value)
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--data", data.Path, "--trusted-proxies", value]);

        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.Equal(
            $"chat service: --trusted-proxies is '{value}', but must be {ServiceOption.TrustedProxies.Allowed}\n", errors);
    }

    [Fact]
    public async Task Connections_of_an_address_are_limited_and_those_of_trusted_proxies_and_of_this_machine_are_not()
    {
        Assert.True(TrustedProxies.TryParse("10.0.0.0/8, ::ffff:192.0.2.9", out var proxies));
        var time = new ManualTime();
        var limits = new ConnectionLimits(100, 2, proxies, time);

        Assert.Equal((2, 9, 9), (Enter("192.0.2.1"), Enter("10.1.2.3"), Enter("127.0.0.1")));
        Assert.Equal((0, 9, 9), (Enter("::ffff:192.0.2.1"), Enter("::ffff:10.1.2.3"), Enter("192.0.2.9")));
        await using var closed = new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 1) };
        var left = new TaskCompletionSource();
        closed.ConnectionClosed.Register(left.SetResult); // Registered first, it is called last.
        Assert.Null(limits.Enter(closed));
        closed.Abort();
        await left.Task.WaitAsync(ChatCall.Deadline);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, Enter("192.0.2.2"));

        int Enter(string address) => Enumerable.Range(0, 9).Count(_ => limits.Enter(
            new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) }) is null);
    }

    private Task<ServiceProcess> StartAsync(params string[] arguments) =>
        ServiceProcess.StartAsync(data.Path, arguments: ["--max-new-rooms-per-sender-and-minute", "1", .. arguments]);
}
