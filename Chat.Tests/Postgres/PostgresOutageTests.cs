using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A database, a network or a node that does not answer for a while, or never again, and says nothing.</summary>
public sealed class PostgresOutageTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(500);

    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    [Fact]
    public async Task A_network_that_loses_everything_for_a_while_loses_no_message_and_ends_no_reader()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        await using var node = await StartNodeAsync(Through(network));
        await using var other = await StartNodeAsync(database);
        await using var reader = await node.JoinAsync("reader");
        await node.SendOnceAsync("ann", "lobby", "1", "1");
        await reader.UntilAsync(c => c.Messages.Count == 1);
        await using var sender = node.Open("ann", "room", "-");

        network.Stall();
        await sender.SendAsync("2", "2", "lobby");
        var status = await sender.ToEndAsync();

        Assert.Equal((StatusCode.Unavailable, "STORE_UNAVAILABLE"), (status.StatusCode, sender.Error?.Reason));
        await UntilAsync(() => node.Log.Health.WriteProblem is not null);
        await other.SendOnceAsync("bob", "lobby", "3", "3");

        network.Resume();
        await UntilAsync(() => node.Log.Health is { ReadProblem: null, WriteProblem: null });
        var again = await node.SendOnceAsync("ann", "lobby", "2", "2");
        await reader.UntilAsync(c => c.Messages.Count == 3);
        Assert.Equal([1, 2, 3], reader.Ids());
        Assert.Equal("2", reader.Messages.Single(message => message.Id == again.Id).Text);
        Assert.Null(reader.GoAway);
    }

    [Fact]
    public async Task A_node_that_is_stopped_while_it_hands_over_a_batch_does_not_hold_the_room()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        await using var node = await StartNodeAsync(Through(network));
        await using var other = await StartNodeAsync(database);
        await node.SendOnceAsync("ann", "lobby", "1", "1");
        await using var sender = node.Open("ann", "room", "-");
        (string Offset, string Text)[] batch = [.. Enumerable.Range(2, 30).Select(n => ($"{n}", new string('x', 4000)))];

        network.StallAfterSent(60_000);
        foreach (var (offset, text) in batch)
        {
            await sender.SendAsync(offset, text, "lobby");
        }

        await UntilAsync(() => network.IsStalled);
        await other.SendOnceAsync("bob", "lobby", "bob's", "between");

        network.Resume();
        await UntilAsync(() => node.Log.Health is { ReadProblem: null, WriteProblem: null });
        await using var again = node.Open("ann", "room", "-");
        await again.SendManyAsync("lobby", batch);
        await again.UntilAsync(c => c.Acks.Count == batch.Length);
        Assert.Equal(32, (await other.Log.BoundsAsync("lobby", CancellationToken.None)).Head);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_not_asked_again_while_another_one_does()
    {
        // It takes connections, as the system does for a process that is stopped, and never says a word.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var settings = new NpgsqlConnectionStringBuilder(database) { Timeout = 3 };
        settings.Host = $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port},127.0.0.1:{settings.Port}";
        await using var log = PostgresMessageLog.Open(settings.ConnectionString);
        await new RecordingStream(log).SendAsync("room", "1");
        await UntilAsync(() => PostgresCluster.Execute(
            database, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'") is not null);
        while (silent.Pending())
        {
            (await silent.AcceptTcpClientAsync()).Dispose();
        }

        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(2.5); await Task.Delay(100))
        {
            await new RecordingStream(log).SendAsync("room", $"{begun.ElapsedTicks}");
        }

        Assert.False(silent.Pending());
    }

    [Fact]
    public async Task A_host_that_vanishes_does_not_hold_up_senders_until_the_time_of_a_connection_is_over()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        var settings = new NpgsqlConnectionStringBuilder(database) { Timeout = 300 };
        settings.Host = $"127.0.0.1:{network.Address.Port},127.0.0.1:{settings.Port}";
        await using var log = PostgresMessageLog.Open(settings.ConnectionString);
        await new RecordingStream(log).SendAsync("room", "1");

        network.Stall();
        network.CutAll();
        await new RecordingStream(log).SendAsync("room", "2");

        Assert.Equal(2, (await log.BoundsAsync("room", CancellationToken.None)).Head);
    }

    [Fact]
    public async Task A_node_whose_database_never_answers_again_can_be_closed()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        await using var log = PostgresMessageLog.Open(Through(network), new LogOptions { LockTimeout = Short });
        await new RecordingStream(log).SendAsync("room", "1");
        network.Stall();
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2");

        await log.DisposeAsync().AsTask().WaitAsync(RecordingStream.Deadline);

        await ann.FailureAsync();
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_no_reason_to_restart_the_node()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        await using var log = PostgresMessageLog.Open(Through(network), new LogOptions { LockTimeout = Short });
        await new RecordingStream(log).SendAsync("room", "1");

        network.Stall();
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2");
        var ping = log.PingAsync();
        await ann.FailureAsync();

        await Task.WhenAny(ping, Task.Delay(RecordingStream.Deadline / 6));
        Assert.True(ping.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_full_database_is_not_serving_sends_until_there_is_room_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may mount a small disk.");
        using var folder = new TempDirectory();
        using var disk = SmallDisk.Mount(folder.Path);
        using var cluster = PostgresCluster.Create();
        PostgresCluster.Execute(cluster.Admin, $"CREATE TABLESPACE small LOCATION '{disk.Folder}'");
        var full = cluster.CreateDatabase("TABLESPACE small");
        await using var node = await StartNodeAsync(full);
        await using var reader = await node.JoinAsync("reader");
        var acked = new List<string>();

        disk.Fill();
        var text = Convert.ToBase64String(Bytes(8_000)); // Not to be made smaller.
        await using (var sender = node.Open("ann", "room", "-"))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => sender.SendManyAsync(
                "lobby", Enumerable.Range(0, 1_000).Select(n => (n.ToString(CultureInfo.InvariantCulture), text))));
            await sender.ToEndAsync();
            Assert.Equal("STORE_UNAVAILABLE", sender.Error?.Reason);
            acked.AddRange(sender.Acks.Select(ack => ack.ClientOffset));
        }

        Assert.Contains("No space left on device", node.Log.Health.WriteProblem, StringComparison.Ordinal);
        Assert.Null(node.Log.Health.ReadProblem);

        disk.Free();
        await UntilAsync(() => node.Log.Health.WriteProblem is null);
        await node.SendOnceAsync("ann", "lobby", $"{acked.Count}", text);
        await reader.UntilAsync(c => c.Messages.Count == acked.Count + 1);
        Assert.Equal([.. acked, $"{acked.Count}"], reader.Messages.Select(message => message.ClientOffset));
        Assert.Null(reader.GoAway);
    }

    [Fact]
    public async Task A_node_that_was_stopped_for_longer_than_its_limits_loses_and_repeats_nothing()
    {
        // NODE_STOPPED_SECONDS=60 also exceeds what the transport waits for.
        var seconds = int.Parse(Environment.GetEnvironmentVariable("NODE_STOPPED_SECONDS") ?? "4", CultureInfo.InvariantCulture);
        using var data = new TempDirectory();
        await using var other = await StartNodeAsync(database);
        await using var node = await ServiceProcess.StartAsync(
            Path.Combine(data.Path, "made", "by", "the-node"),
            arguments:
            [
                "--log", database, "--lock-timeout", "00:00:01", "--heartbeat-interval", "00:00:01", "--stall-limit", "00:00:02",
                "--max-sends-per-sender-and-second", "0",
            ]);
        using var channel = node.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await using var reader = await other.JoinAsync("reader");
        var sends = Enumerable.Range(0, 2_000).Select(n => ($"{n}", $"{n}")).ToList();
        var sending = ann.SendManyAsync("lobby", sends);
        while (ann.Acks.Count < 100)
        {
            await Task.Delay(5);
        }

        await SignalAsync(node, "STOP");
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(seconds); await Task.Delay(100))
        {
            await other.SendOnceAsync("bob", "lobby", $"{begun.ElapsedTicks}", "bob").WaitAsync(TimeSpan.FromSeconds(10));
        }

        await SignalAsync(node, "CONT");
        await Task.WhenAny(sending);

        // What was not acked is repeated, in order, as clients do.
        await using var again = other.Open("ann", "room", "-");
        await again.SendManyAsync("lobby", sends);
        await reader.UntilAsync(c => c.Messages.Count(message => message.Sender == "ann") == sends.Count);
        var stored = reader.Messages.Where(message => message.Sender == "ann").ToList();
        Assert.Equal(sends, stored.Select(message => (message.ClientOffset, message.Text)));
        Assert.Equal(Enumerable.Range(1, reader.Messages.Count).Select(id => (long)id), reader.Ids());
        Assert.All(ann.Acks, ack => Assert.Equal(ack.Id, stored[int.Parse(ack.ClientOffset, CultureInfo.InvariantCulture)].Id));
    }

    [Fact]
    public async Task Clocks_that_differ_by_a_minute_change_no_order_and_at_most_double_a_quota()
    {
        LogOptions At(int seconds) => new() { MaxNewRoomsPerSenderAndMinute = 3, Time = new ShiftedTime(TimeSpan.FromSeconds(seconds)) };
        await using var late = PostgresMessageLog.Open(database, At(0));
        await using var early = PostgresMessageLog.Open(database, At(60));
        PostgresMessageLog[] nodes = [early, late];
        await new RecordingStream(late).SendAsync("room", "0", "0");

        for (var n = 1; n <= 6; n++)
        {
            Assert.Equal(AppendResult.Stored(n + 1), await new RecordingStream(nodes[n % 2]).SendAsync("room", $"{n}", $"{n}"));
            Assert.Equal(AppendResult.Found(n + 1), await new RecordingStream(nodes[(n + 1) % 2]).SendAsync("room", $"{n}", $"{n}"));
        }

        var created = 0;
        for (var n = 0; n < 20; n++)
        {
            var result = await new RecordingStream(nodes[n % 2], "bob").SendAsync($"room-{n}", "1");
            created += result.Refused is null ? 1 : 0;
        }

        Assert.InRange(created, 3, 6);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], await early.TextsAsync("room"));
    }

    [Fact]
    public async Task A_primary_that_was_cut_off_from_its_standby_acks_nothing_while_the_standby_takes_its_place()
    {
        using var old = PostgresCluster.Create();
        var own = old.CreateDatabase();
        await using var cutOff = await StartNodeAsync(own);
        using var standby = old.StartStandby();
        await cutOff.SendOnceAsync("ann", "lobby", "1", "before");
        standby.Promote();
        PostgresCluster.Execute(standby.Admin, "ALTER SYSTEM SET synchronous_standby_names = ''");
        PostgresCluster.Execute(standby.Admin, "SELECT pg_reload_conf()");
        var after = new NpgsqlConnectionStringBuilder(own) { Port = new NpgsqlConnectionStringBuilder(standby.Admin).Port };
        await using var node = await StartNodeAsync(after.ConnectionString);

        await using var ann = cutOff.Open("ann", "room", "-");
        await ann.SendAsync("2", "at the old one", "lobby");
        await ann.ToEndAsync();
        var ack = await node.SendOnceAsync("bob", "lobby", "1", "at the new one");

        Assert.Equal((0, "STORE_UNAVAILABLE"), (ann.Acks.Count, ann.Error?.Reason));
        Assert.Equal(2, ack.Id);
        await using var reader = await node.JoinAsync("reader");
        await reader.UntilAsync(c => c.Messages.Count == 2);
        Assert.Equal(["before", "at the new one"], reader.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task A_primary_that_vanishes_without_a_word_holds_no_room_once_its_standby_has_taken_its_place()
    {
        using var old = PostgresCluster.Create();
        var own = new NpgsqlConnectionStringBuilder(old.CreateDatabase());
        using var standby = old.StartStandby();
        await using var network = new LoopbackProxy(new Uri($"http://127.0.0.1:{own.Port}"));
        own.Host = $"127.0.0.1:{network.Address.Port},127.0.0.1:{new NpgsqlConnectionStringBuilder(standby.Admin).Port}";
        await using var log = PostgresMessageLog.Open(own.ConnectionString, new LogOptions { LockTimeout = Short });
        await new RecordingStream(log).SendAsync("room", "1");

        // No connection is closed, and no packet comes back, as from a machine without power.
        network.Stall();
        var told = new RecordingStream(log);
        await told.HandOverAsync("room", "2");
        await told.FailureAsync();
        standby.Promote();
        PostgresCluster.Execute(standby.Admin, "ALTER SYSTEM SET synchronous_standby_names = ''");
        PostgresCluster.Execute(standby.Admin, "SELECT pg_reload_conf()");

        Assert.Equal(AppendResult.Stored(2), await RecordingStream.SendUntilStoredAsync(log, "room", "2"));
        await UntilAsync(() => log.Health is { ReadProblem: null, WriteProblem: null });
        Assert.Equal(2, (await log.BoundsAsync("room", CancellationToken.None)).Head);
    }

    [Fact]
    public async Task Connections_to_a_server_that_vanished_again_and_again_do_not_use_up_the_pool()
    {
        await using var network = new LoopbackProxy(ServerOf(database));
        var settings = new NpgsqlConnectionStringBuilder(Through(network)) { MaxPoolSize = 4 };
        await using var log = PostgresMessageLog.Open(settings.ConnectionString, new LogOptions { LockTimeout = Short });
        await new RecordingStream(log).SendAsync("room", "1");
        await using var other = new NpgsqlConnection(database);
        await other.OpenAsync();

        for (var id = 2; id < 8; id++)
        {
            // A send is on its way while the machine vanishes, and another one takes its address.
            await using (var transaction = await other.BeginTransactionAsync())
            {
                await using var hold = new NpgsqlCommand("SELECT 1 FROM grpcchat.room FOR UPDATE", other);
                await hold.ExecuteNonQueryAsync();
                var told = new RecordingStream(log);
                await told.HandOverAsync("room", $"{id}");
                await told.FailureAsync();
                network.Abandon();
                PostgresCluster.Execute(database, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    + $"WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), {other.ProcessID})");
            }

            Assert.Equal(AppendResult.Stored(id), await RecordingStream.SendUntilStoredAsync(log, "room", $"{id}"));
        }
    }

    [Fact]
    public async Task Clients_of_a_restored_database_that_got_a_new_id_read_everything_again()
    {
        string oldId;
        await using (var before = await StartNodeAsync(database))
        {
            oldId = before.LogId;
            await before.FillAsync("lobby", 5);
        }

        PostgresCluster.Execute(database, """
            UPDATE grpcchat.room SET last_id = 3;
            DELETE FROM grpcchat.message WHERE id > 3;
            DELETE FROM grpcchat.sent_key WHERE id > 3;
            UPDATE grpcchat.log_meta SET log_id = md5(random()::text || clock_timestamp()::text);
            """);

        await using var node = await StartNodeAsync(database);
        await using var reader = await node.JoinAsync("reader", "lobby", "last-seen-id", "5", "log-id", oldId);
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(Resume.Reset, reader.Joined[0].Resume);
        Assert.NotEqual(oldId, node.LogId);
        Assert.Equal([1, 2, 3], reader.Ids());
    }

    private static Task<ChatServer> StartNodeAsync(string database) => ChatServer.StartAsync(
        openLog: _ => PostgresMessageLog.Open(database, new LogOptions { LockTimeout = Short }));

    private static Uri ServerOf(string database) => new($"http://127.0.0.1:{new NpgsqlConnectionStringBuilder(database).Port}");

    private string Through(LoopbackProxy network) => new NpgsqlConnectionStringBuilder(database)
    {
        Port = network.Address.Port,
        Timeout = 1,
    }.ConnectionString;

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static async Task SignalAsync(ServiceProcess process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var begun = Stopwatch.StartNew(); !isSo(); await Task.Delay(20))
        {
            Assert.True(begun.Elapsed < RecordingStream.Deadline, "It does not come.");
        }
    }

    private sealed class ShiftedTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }

    /// <summary>A disk in memory for the tables of a database.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private SmallDisk(string folder) => Folder = folder;

        public string Folder { get; }

        private string Filler => Path.Combine(Folder, "filler");

        public static SmallDisk Mount(string folder)
        {
            Run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder);
            PostgresCluster.GiveToUser(folder);
            return new SmallDisk(folder);
        }

        public void Fill()
        {
            try
            {
                File.WriteAllBytes(Filler, new byte[16 << 20]);
            }
            catch (IOException)
            {
                // It is full.
            }
        }

        public void Free() => File.Delete(Filler);

        public void Dispose() => Run("umount", Folder);

        private static void Run(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
