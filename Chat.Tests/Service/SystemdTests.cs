using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>What the service tells systemd, which listens on a datagram socket; here the test does.</summary>
public sealed class SystemdTests : IDisposable
{
    // A fifth of a second between two signs of life.
    private const string Watchdog = "400000";
    private const string MoreTime = "EXTEND_TIMEOUT_USEC=120000000";

    // Several times that: who is silent for so long is stuck.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly TempDirectory data = new();
    private readonly TempDirectory sockets = new();
    private readonly Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public SystemdTests() => systemd.Bind(new UnixDomainSocketEndPoint(SocketPath));

    private string SocketPath => Path.Combine(sockets.Path, "notify");

    public void Dispose()
    {
        systemd.Dispose();
        sockets.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task It_is_ready_when_its_port_is_open_then_alive_and_stopping_when_it_begins_to_drain()
    {
        var listen = FreeAddress();
        var starting = StartAsync(listen: listen.ToString());

        Assert.Equal("READY=1", await NextAsync());
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(listen);
        }

        await using var service = await starting;
        Assert.Equal("WATCHDOG=1", await NextAsync());
        Assert.Equal("WATCHDOG=1", await NextAsync());

        var ended = service.TerminateAsync();
        await UntilAsync("STOPPING=1", after: "WATCHDOG=1");
        Assert.Equal((0, ""), ((await ended).ExitCode, (await ended).Errors));
    }

    [Fact]
    public async Task While_it_waits_for_its_database_it_asks_for_more_time_to_start()
    {
        using var cluster = PostgresCluster.Create();
        var database = cluster.CreateDatabase();
        cluster.Stop();
        var starting = StartAsync(more: ("CHAT_LOG", database));

        Assert.Equal(MoreTime, await NextAsync());
        Assert.Equal(MoreTime, await NextAsync());
        cluster.Start();

        await UntilAsync("READY=1", after: MoreTime);
        await using var service = await starting;
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_log_that_is_stuck_gives_no_sign_of_life_until_it_goes_on()
    {
        await using var service = await StartAsync();
        Assert.Equal("READY=1", await NextAsync());
        using var other = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False");
        other.Open();
        Execute(other, "BEGIN IMMEDIATE");
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendAsync("k", "waits for the lock", "lobby");

        var waited = Stopwatch.StartNew();
        while (await TryNextAsync(Silence) is { } sign)
        {
            Assert.Equal("WATCHDOG=1", sign);
            Assert.True(waited.Elapsed < ChatCall.Deadline, "It gives signs of life though its log is stuck.");
        }

        Execute(other, "ROLLBACK");

        Assert.Equal("WATCHDOG=1", await NextAsync());
        await ann.UntilAsync(call => call.Acks.Count == 1);
    }

    [Fact]
    public async Task Signs_of_life_that_systemd_expects_of_another_process_are_not_given()
    {
        await using var service = await StartAsync(more: ("WATCHDOG_PID", "1"));

        Assert.Equal("READY=1", await NextAsync());
        Assert.Null(await TryNextAsync(Silence));
    }

    [Fact]
    public async Task A_systemd_that_reads_nothing_does_not_hold_up_the_stop()
    {
        await using var service = await StartAsync();
        using var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        other.Connect(new UnixDomainSocketEndPoint(SocketPath));
        Assert.Equal(SocketError.WouldBlock, Assert.Throws<SocketException>(Fill).SocketErrorCode);

        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);

        void Fill()
        {
            while (true)
            {
                other.Send("STATUS=full"u8);
            }
        }
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task Log_lines_carry_their_priority_for_the_journal()
    {
        await using var service = await StartAsync(more: ("CHAT_LOCKTIMEOUT", "00:00:00.1"));
        using var other = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False");
        other.Open();
        Execute(other, "BEGIN IMMEDIATE");
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendAsync("k", "fails", "lobby");
        await ann.ToEndAsync();

        var (_, errors, _) = await service.TerminateAsync();

        Assert.Contains("<4>GrpcChat.AspNetCore.Hosting.MessageLogMonitor", errors, StringComparison.Ordinal);
    }

    private static IPEndPoint FreeAddress()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return (IPEndPoint)probe.LocalEndpoint;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private Task<ServiceProcess> StartAsync(string listen = "127.0.0.1:0", params (string, string)[] more) =>
        ServiceProcess.StartAsync(
            data.Path,
            listen,
            environment: [("NOTIFY_SOCKET", SocketPath), ("WATCHDOG_USEC", Watchdog), ("CHAT_LOCKTIMEOUT", "00:05:00"), .. more]);

    private async Task<string> NextAsync() =>
        await TryNextAsync(ChatCall.Deadline) ?? throw new TimeoutException("It tells systemd nothing.");

    private async Task<string?> TryNextAsync(TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        var buffer = new byte[1024];
        try
        {
            var length = await systemd.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
            return Encoding.UTF8.GetString(buffer, 0, length).TrimEnd('\n');
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task UntilAsync(string state, string after)
    {
        var next = await NextAsync();
        while (next == after)
        {
            next = await NextAsync();
        }

        Assert.Equal(state, next);
    }
}
