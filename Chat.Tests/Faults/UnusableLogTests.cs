using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Health.V1;
using GrpcChat.Tests.Grpc;
using GrpcChat.Tests.Service;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// The real process on a log that cannot be written or read: every kind of health says so and says which, and says when
/// it is over, though nobody sends.
/// </summary>
[Trait("Log", "sqlite")]
public sealed class UnusableLogTests : IDisposable
{
    private const string Reading = "chat.v1.ChatService/read";
    private const string Writing = "chat.v1.ChatService/write";

    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_full_disk_is_not_serving_sends_until_there_is_room_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A small disk needs Linux's namespaces.");

        await using var service = await ServiceProcess.StartAsync(data.Path, launcher: OnSmallDisk, management: "127.0.0.1:0");
        var filler = $"/proc/{service.Id}/root{data.Path}/filler";
        using var channel = service.OpenChannel();
        await SendAsync(channel, "before");
        using var watch = new WatchCall(channel);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        Assert.Equal((HttpStatusCode.OK, Body("healthy", "ok", "ok")), await service.GetAsync("/healthz/ready"));

        Fill(filler);
        Assert.Equal(StatusCode.Unavailable, await UntilRefusedAsync(channel));

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal((true, false), await CheckAsync(channel));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, Body("degraded", "ok", "the disk is full")), await service.GetAsync("/healthz/ready"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/live")).Status);

        File.Delete(filler);

        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        Assert.Equal((true, true), await CheckAsync(channel));
        Assert.Equal((HttpStatusCode.OK, Body("healthy", "ok", "ok")), await service.GetAsync("/healthz/ready"));
        await SendAsync(channel, "after");
        var (exitCode, errors, _) = await service.TerminateAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("The log takes no messages: the disk is full.", errors, StringComparison.Ordinal);
        Assert.Contains("The log can be read and written again.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trim_on_a_full_disk_removes_nothing_says_why_and_can_be_repeated_when_there_is_room()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A small disk needs Linux's namespaces.");
        await using var service = await ServiceProcess.StartAsync(data.Path, launcher: OnSmallDisk);
        var disk = $"/proc/{service.Id}/root{data.Path}";
        string[] trim = ["trim", "--data", disk, "--keep-messages", "1"];
        using var channel = service.OpenChannel();
        for (var n = 0; n < 50; n++)
        {
            await SendAsync(channel, $"{n}");
        }

        // Until then, the write-ahead log has room of its own, or leaves some to the disk.
        for (var waited = Stopwatch.StartNew(); new FileInfo($"{disk}/chat.db-wal").Length > 0; await Task.Delay(20))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "The write-ahead log was not truncated.");
        }

        Fill($"{disk}/filler");
        var before = await ListAsync();

        var (exitCode, output, errors) = await ServiceProcess.RunAsync(trim);

        Assert.Equal((6, ""), (exitCode, output));
        Assert.Equal(
            "chat service: cannot trim room lobby: the disk is full; what was removed until then stays removed\n", errors);
        Assert.Equal((1, before.HeadId), ((await ListAsync()).OldestId, (await ListAsync()).HeadId));

        File.Delete($"{disk}/filler");
        (exitCode, output, _) = await ServiceProcess.RunAsync(trim);

        Assert.Equal((0, $"lobby: removed {Messages(before.HeadId - 1)}, kept 1\n"), (exitCode, output));
        Assert.Equal(before.HeadId, (await ListAsync()).OldestId);
        await SendAsync(channel, "after");

        static string Messages(long count) => count == 1 ? "1 message" : $"{count} messages";

        async Task<ListMessagesResponse> ListAsync() => await Client(channel).ListMessagesAsync(
            new ListMessagesRequest { Room = "lobby", PageSize = 1 }, User);
    }

    [Fact]
    public async Task A_lock_of_another_process_is_not_serving_sends_until_it_is_released()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path, management: "127.0.0.1:0", environment: ("CHAT_LOCKTIMEOUT", "00:00:00.1"));
        using var channel = service.OpenChannel();
        using var watch = new WatchCall(channel, Writing);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        using var other = Connect();
        Execute(other, "BEGIN IMMEDIATE");

        Assert.Equal(StatusCode.Unavailable, await UntilRefusedAsync(channel));

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal((true, false), await CheckAsync(channel));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, Body("degraded", "ok", "another process has locked the database")),
            await service.GetAsync("/healthz/ready"));

        Execute(other, "ROLLBACK");

        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/ready")).Status);
    }

    [Fact]
    public async Task A_damaged_page_is_not_serving_reads_from_the_first_that_meets_it()
    {
        await using (var before = await ServiceProcess.StartAsync(data.Path))
        {
            using var first = before.OpenChannel();
            await SendAsync(first, "before");
            await before.TerminateAsync();
        }

        OverwriteMessages();
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "127.0.0.1:0");
        using var channel = service.OpenChannel();
        using var watch = new WatchCall(channel, "chat.v1.ChatService");
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());

        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client(channel).ListMessagesAsync(
            new ListMessagesRequest { Room = "lobby" }, User, DateTime.UtcNow + ChatCall.Deadline));

        Assert.Equal(StatusCode.DataLoss, error.StatusCode);
        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal((false, true), await CheckAsync(channel));
        var (status, body) = await service.GetAsync("/healthz/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith("""{"status":"unhealthy","read":"room lobby after message 0: """, body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/live")).Status);
    }

    [Fact]
    public async Task While_the_service_drains_it_is_alive_and_not_ready_and_says_so_to_the_end()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            management: "127.0.0.1:0",
            environment: [("CHAT_LOCKTIMEOUT", "00:05:00"), ("CHAT_DRAINLIMIT", "00:05:00")]);
        using var channel = service.OpenChannel();
        using var watch = new WatchCall(channel);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        await using var ann = new ChatCall(channel, "user", "ann", "room", "lobby");
        await ann.UntilAsync(call => call.Joined.Count == 1);
        using var other = Connect();
        Execute(other, "BEGIN IMMEDIATE");
        await ann.SendAsync("k", "the drain waits for this one");
        for (var waited = Stopwatch.StartNew(); !await HasQueuedSendAsync(service); await Task.Delay(50))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "The send does not reach the log.");
        }

        var ended = service.TerminateAsync();

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","read":"ok","write":"ok","draining":true}"""),
            await service.GetAsync("/healthz/ready"));
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/healthz/live")).Status);
        Assert.False(ended.IsCompleted);

        Execute(other, "ROLLBACK");
        await ann.ToEndAsync();
        Assert.Single(ann.Acks);
        Assert.Equal((0, ""), ((await ended).ExitCode, (await ended).Errors));
    }

    /// <summary>A disk of its own for the service, which nobody has to unmount: it goes with the process.</summary>
    private string[] OnSmallDisk =>
    [
        "unshare", "--map-root-user", "--mount",
        "sh", "-c", $"mount -t tmpfs -o size=8m tmpfs '{data.Path}' && exec \"$@\"", "sh",
    ];

    private static async Task<bool> HasQueuedSendAsync(ServiceProcess service) =>
        Regex.IsMatch((await service.GetAsync("/metrics")).Body, @"^chat_log_queue(\{[^}]*\})? 1\b", RegexOptions.Multiline);

    private static Metadata User => new() { { "user", "ann" } };

    private static ChatService.ChatServiceClient Client(ChannelBase channel) => new(channel);

    private static string Body(string status, string read, string write) =>
        $$"""{"status":"{{status}}","read":"{{read}}","write":"{{write}}","draining":false}""";

    private static async Task SendAsync(ChannelBase channel, string offset, int length = 1) => await Client(channel).SendMessageAsync(
        new SendMessageRequest { Send = new Send { Room = "lobby", ClientOffset = offset, Text = new string('x', length) } },
        User,
        DateTime.UtcNow + ChatCall.Deadline);

    /// <summary>Sends until a send fails: the write-ahead log may have room for a few.</summary>
    private static async Task<StatusCode> UntilRefusedAsync(ChannelBase channel)
    {
        for (var n = 0; n < 1000; n++)
        {
            try
            {
                await SendAsync(channel, $"{Guid.NewGuid()}", 10_000);
            }
            catch (RpcException error)
            {
                return error.StatusCode;
            }
        }

        return StatusCode.OK;
    }

    private static async Task<(bool Reads, bool Writes)> CheckAsync(ChannelBase channel)
    {
        var whole = await StatusAsync("");
        Assert.Equal(whole, await StatusAsync("chat.v1.ChatService"));
        var (reads, writes) = (await StatusAsync(Reading), await StatusAsync(Writing));
        Assert.Equal(whole, reads && writes);
        return (reads, writes);

        async Task<bool> StatusAsync(string service) => (await new Health.HealthClient(channel).CheckAsync(
            new HealthCheckRequest { Service = service }, deadline: DateTime.UtcNow + ChatCall.Deadline)).Status == ServingStatus.Serving;
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False");
        connection.Open();
        return connection;
    }

    private void OverwriteMessages()
    {
        long root, size;
        using (var connection = Connect())
        {
            root = Number(connection, "SELECT rootpage FROM sqlite_schema WHERE name = 'message'");
            size = Number(connection, "PRAGMA page_size");
        }

        using var file = File.OpenWrite(Path.Combine(data.Path, "chat.db"));
        file.Position = (root - 1) * size;
        file.Write(Enumerable.Repeat((byte)0xA5, (int)size).ToArray());
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }
}
