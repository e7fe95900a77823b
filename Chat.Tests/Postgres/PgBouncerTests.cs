using System.Globalization;
using Grpc.Core;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>PgBouncer between the nodes and the server, with the settings of deploy/cluster/pgbouncer.ini.</summary>
public sealed class PgBouncerTests : IDisposable
{
    private const string Trust = "auth_type = trust";
    private const string Superuser = "\"postgres\" \"\"";

    private readonly string database = PostgresCluster.Shared.CreateDatabase();
    private readonly List<PgBouncer> poolers = [];

    public void Dispose() => poolers.ForEach(pooler => pooler.Dispose());

    [Fact]
    public async Task Two_nodes_with_a_password_are_one_chat_also_after_the_pooler_was_started_again()
    {
        using var cluster = PostgresCluster.Create();
        PostgresCluster.Execute(cluster.Admin, "CREATE ROLE chat LOGIN PASSWORD 'secret'");
        var guarded = cluster.CreateDatabase("OWNER chat", PostgresCluster.Guarded);
        var secret = PostgresCluster.Execute(cluster.Admin, "SELECT rolpassword FROM pg_authid WHERE rolname = 'chat'");
        var pooler = Start(cluster, $"\"chat\" \"{secret}\"");
        var through = As(pooler.Through(guarded), "chat", "secret");
        await using var a = await StartNodeAsync(through);
        await using var b = await StartNodeAsync(through);
        await using var reader = await b.JoinAsync("reader");

        await AssertDeliversByHintsAsync(a, reader, 1);

        pooler.Stop();
        pooler.Start();
        await UntilAsync(() => IsUsable(a) && IsUsable(b) && IsListening(As(guarded, "chat", "secret"), nodes: 2));
        await AssertDeliversByHintsAsync(a, reader, 31);
        Assert.Equal(Enumerable.Range(1, 60).Select(id => (long)id), reader.Ids());
        Assert.Null(reader.GoAway);
    }

    [Fact]
    public async Task Nothing_is_lost_and_nothing_is_stored_twice_when_the_pooler_is_killed_under_load()
    {
        var pooler = Start();
        await using var node = await StartNodeAsync(pooler.Through(database), TimeSpan.FromSeconds(30));
        await using var ann = node.Open("ann", "room", "-");

        for (var round = 0; round < 5; round++)
        {
            var sending = ann.SendManyAsync("lobby", Numbered(round * 300, 300));
            await UntilAsync(() => ann.Acks.Count > round * 300);
            pooler.Stop();
            pooler.Start(Trust);
            await sending;
        }

        await using var reader = await node.JoinAsync("reader");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(Enumerable.Range(1, 1_500).Select(id => (long)id), ann.Acks.Select(ack => ack.Id));
        Assert.Equal(Enumerable.Range(1, 1_500).Select(id => (long)id), reader.Ids());
    }

    [Theory]
    [InlineData("default_pool_size")]
    [InlineData("max_client_conn")]
    public async Task Senders_for_whom_the_pooler_has_no_connection_come_back_in_time_and_the_operator_is_told_why(string setting)
    {
        var pooler = Start($"{setting} = 4");
        await using var node = await StartNodeAsync(pooler.Through(database));
        await using var reader = await node.JoinAsync("reader");
        await UntilAsync(() => IsListening(database, nodes: 1));

        // Whoever waits for the row of a room keeps a connection.
        await using var holder = new NpgsqlConnection(database);
        await holder.OpenAsync();
        for (var n = 0; n < 8; n++)
        {
            await node.SendOnceAsync("ann", $"room-{n}", "1", "1");
        }

        await using var transaction = await holder.BeginTransactionAsync();
        await using var lockRooms = new NpgsqlCommand("SELECT name FROM grpcchat.room FOR UPDATE", holder);
        await lockRooms.ExecuteNonQueryAsync();
        var calls = Enumerable.Range(0, 8).Select(n => node.Open($"ann-{n}", "room", "-")).ToList();
        await Task.WhenAll(calls.Select((call, n) => call.SendAsync("2", "2", $"room-{n}")));
        await Task.WhenAll(calls.Select(call => call.ToEndAsync()));

        Assert.All(calls, call => Assert.Equal("STORE_UNAVAILABLE", call.Error?.Reason));
        await UntilAsync(() => node.Log.Health.WriteProblem is not null);
        Assert.Contains(setting, node.Log.Health.WriteProblem, StringComparison.Ordinal);
        Assert.Null(reader.GoAway);

        // With room enough, all goes on without a restart.
        await transaction.RollbackAsync();
        pooler.Stop();
        pooler.Start(Trust);
        await UntilAsync(() => IsUsable(node));
        for (var n = 0; n < 8; n++)
        {
            Assert.Equal(2, (await node.SendOnceAsync($"ann-{n}", $"room-{n}", "2", "2")).Id);
            await calls[n].DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_was_away_behind_the_pooler_is_used_again_without_a_restart()
    {
        using var cluster = PostgresCluster.Create();
        var own = cluster.CreateDatabase();
        var pooler = Start(cluster, Superuser, Trust);
        await using var node = await StartNodeAsync(pooler.Through(own), TimeSpan.FromSeconds(3));
        await using var reader = await node.JoinAsync("reader");
        await node.SendOnceAsync("ann", "lobby", "1", "1");
        await using var sender = node.Open("ann", "room", "-");

        cluster.Stop("immediate");
        await sender.SendAsync("2", "2", "lobby");
        await sender.ToEndAsync();
        Assert.Equal("STORE_UNAVAILABLE", sender.Error?.Reason);

        cluster.Start();
        var begun = TimeProvider.System.GetTimestamp();
        Assert.Equal(2, await SendUntilAckedAsync(node));
        await reader.UntilAsync(c => c.Messages.Count == 2);

        // With PgBouncer's own server_login_retry, it would be some 10 s.
        Assert.InRange(TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 0, 8);
        Assert.Null(reader.GoAway);
    }

    [Theory]
    [InlineData("transaction", 0, 0)]
    [InlineData("transaction", 0, 3)]
    [InlineData("transaction", 1, 0)]
    [InlineData("transaction", 1, 2)]
    [InlineData("transaction", 1, 3)]
    [InlineData("statement", 0, 0)]
    [InlineData("statement", 1, 2)]
    public async Task A_pooler_that_shares_connections_is_refused(string mode, int roundRobin, int idle)
    {
        var pooler = Start([$"pool_mode = {mode}", $"server_round_robin = {roundRobin}"]);
        await KeepIdleAsync(pooler, idle);

        var error = Assert.Throws<LogOpenException>(() => PostgresMessageLog.Open(pooler.Through(database)));

        Assert.False(error.IsRetryable);
        Assert.Contains("set pool_mode=session", error.Message, StringComparison.Ordinal);
        Assert.Equal(false, PostgresCluster.Execute(database, "SELECT to_regnamespace('grpcchat') IS NOT NULL"));
    }

    [Fact]
    public async Task A_service_and_a_command_behind_a_pooler_that_shares_connections_end_with_one_line()
    {
        await PostgresMessageLog.Open(database).DisposeAsync();
        var pooler = Start("pool_mode = transaction");
        using var data = new TempDirectory();

        foreach (var command in (string[][])[["--listen", "127.0.0.1:0", "--data", data.Path], ["check"]])
        {
            var (exitCode, output, errors) = await ServiceProcess.RunAsync([.. command, "--log", pooler.Through(database)]);

            Assert.Equal((4, ""), (exitCode, output));
            Assert.Contains("set pool_mode=session", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("server_reset_query = DISCARD ALL")]
    [InlineData("server_reset_query =")]
    public async Task A_node_that_is_started_again_is_not_disturbed_by_what_its_connections_were_used_for(string reset)
    {
        var pooler = Start(reset);
        for (var n = 0; n < 3; n++)
        {
            await using var log = PostgresMessageLog.Open(pooler.Through(database));
            var ann = new RecordingStream(log);
            for (var i = 1; i <= 5; i++)
            {
                Assert.Equal(AppendResult.Stored(5 * n + i), await ann.SendAsync("room", $"{n}-{i}"));
                Assert.Equal(AppendResult.Found(5 * n + i), await ann.SendAsync("room", $"{n}-{i}"));
            }
        }
    }

    [Fact]
    public async Task Commands_work_through_the_pooler_beside_a_node_and_after_it_has_ended()
    {
        var pooler = Start();
        using var data = new TempDirectory();
        var export = Path.Combine(data.Path, "export");
        var target = PostgresCluster.Shared.CreateDatabase();
        await using (var node = await ServiceProcess.StartAsync(data.Path, arguments: ["--log", pooler.Through(database)]))
        {
            using var channel = node.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
            await ann.SendManyAsync("lobby", Numbered(0, 20));

            await AssertSucceedsAsync("check", "--log", pooler.Through(database));
            await AssertSucceedsAsync("export", "--log", pooler.Through(database), export);
            await AssertSucceedsAsync("block", "bob", "--log", pooler.Through(database));
            await AssertSucceedsAsync("trim", "--keep-messages", "10", "--log", pooler.Through(database));
        }

        await using (await ServiceProcess.StartAsync(data.Path, arguments: ["--log", pooler.Through(target)]))
        {
        }

        await AssertSucceedsAsync("import", "--log", pooler.Through(target), export);
    }

    [Fact]
    public void A_startup_parameter_that_the_pooler_refuses_is_named()
    {
        var through = new NpgsqlConnectionStringBuilder(Start().Through(database)) { Options = "-c work_mem=8MB" };

        var error = Assert.Throws<LogOpenException>(() => PostgresMessageLog.Open(through.ConnectionString));

        Assert.Contains("unsupported startup parameter", error.Message, StringComparison.Ordinal);
    }

    private static string As(string connectionString, string user, string password) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Username = user, Password = password }.ConnectionString;

    private static Task<ChatServer> StartNodeAsync(string connectionString, TimeSpan? lockTimeout = null) => ChatServer.StartAsync(
        openLog: _ => PostgresMessageLog.Open(
            connectionString, new LogOptions { LockTimeout = lockTimeout ?? TimeSpan.FromMilliseconds(500) }));

    private static bool IsUsable(ChatServer node) => node.Log.Health is { ReadProblem: null, WriteProblem: null };

    private static bool IsListening(string database, int nodes) => nodes == (long)PostgresCluster.Execute(
        database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")!;

    // Without hints, each message would take the second until the next look.
    private static async Task AssertDeliversByHintsAsync(ChatServer from, ChatCall to, int first)
    {
        const int Sends = 30;
        var begun = TimeProvider.System.GetTimestamp();
        for (var n = first; n < first + Sends; n++)
        {
            await from.SendOnceAsync("ann", "lobby", $"{n}", $"{n}");
            await to.UntilAsync(c => c.Messages.Count == n);
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 0, Sends / 2);
    }

    // As a client does: the last that fails may still say so after the first that succeeds.
    private static async Task<long> SendUntilAckedAsync(ChatServer node)
    {
        while (true)
        {
            try
            {
                return (await node.SendOnceAsync("ann", "lobby", "2", "2")).Id;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(50);
            }
        }
    }

    private static async Task AssertSucceedsAsync(params string[] command)
    {
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(command);
        Assert.Equal((0, ""), (exitCode, errors));
    }

    private static IEnumerable<(string Offset, string Text)> Numbered(int after, int count) => Enumerable.Range(after + 1, count)
        .Select(n => (n.ToString(CultureInfo.InvariantCulture), n.ToString(CultureInfo.InvariantCulture)));

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(20))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < RecordingStream.Deadline, "It does not come.");
        }
    }

    private PgBouncer Start(params string[] settings) => Start(PostgresCluster.Shared, Superuser, [Trust, .. settings]);

    private PgBouncer Start(PostgresCluster cluster, string users, params string[] settings)
    {
        var pooler = new PgBouncer(cluster, Repository.Read("deploy/cluster/pgbouncer.ini"), users, settings);
        poolers.Add(pooler);
        return pooler;
    }

    // So many connections of the server that the pooler may lend.
    private async Task KeepIdleAsync(PgBouncer pooler, int count)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(pooler.Through(database)) { Pooling = false };
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
            await connection.OpenAsync();
            await using var hold = new NpgsqlCommand("SELECT pg_sleep(0.5)", connection);
            await hold.ExecuteNonQueryAsync();
        }));
        var idle = (long)PostgresCluster.Execute(
            database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(0.5)'")!;
        Assert.Equal(count, idle);
    }
}
