using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>Connections, servers and nodes that go away, and a database that is not what it was.</summary>
public sealed class PostgresFaultTests
{
    private const string Backends = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'grpcchat'";

    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    [Fact]
    public async Task Terminated_connections_fail_no_sender_and_hide_nothing_from_readers()
    {
        const int Step = 200;
        await using var a = await StartNodeAsync(database);
        await using var b = await StartNodeAsync(database);
        await using var reader = await b.JoinAsync("reader");
        await using var ann = a.Open("ann", "room", "-");

        var sends = 0;
        for (var terminated = 0L; terminated < 10;)
        {
            var sending = ann.SendManyAsync("lobby", Numbered("ann", sends + Step).Skip(sends));
            terminated += (long)PostgresCluster.Execute(database, $"SELECT count(pg_terminate_backend(pid)) {Backends}")!;
            await sending;
            sends += Step;
        }

        await reader.UntilAsync(c => c.Messages.Count == sends);

        Assert.Equal(Enumerable.Range(1, sends).Select(id => (long)id), ann.Acks.Select(ack => ack.Id));
        Assert.Equal(Enumerable.Range(1, sends).Select(id => (long)id), reader.Ids());
    }

    [Fact]
    public async Task Nodes_outlive_a_server_that_stops_and_readers_keep_their_streams()
    {
        using var cluster = PostgresCluster.Create();
        var own = cluster.CreateDatabase();
        await using var a = await StartNodeAsync(own, TimeSpan.FromMilliseconds(500));
        await using var b = await StartNodeAsync(own, TimeSpan.FromMilliseconds(500));
        await using var reader = await b.JoinAsync("reader");
        await a.SendOnceAsync("ann", "lobby", "1", "before");
        await reader.UntilAsync(c => c.Messages.Count == 1);
        await using var sender = a.Open("ann", "room", "-");

        cluster.Stop("immediate");
        await sender.SendAsync("2", "while it is away", "lobby");
        var status = await sender.ToEndAsync();

        Assert.Equal(("STORE_UNAVAILABLE", GoAway.Types.Why.StoreUnavailable), (sender.Error?.Reason, sender.GoAway?.Why));
        Assert.Equal(StatusCode.Unavailable, status.StatusCode);
        await UntilAsync(() => a.Log.Health.WriteProblem is not null && b.Log.Health.ReadProblem is not null);
        Assert.Contains("does not answer", a.Log.Health.WriteProblem, StringComparison.Ordinal);

        cluster.Start();
        await UntilAsync(() => a.Log.Health is { ReadProblem: null, WriteProblem: null });
        var ack = await a.SendOnceAsync("ann", "lobby", "2", "while it is away");
        await reader.UntilAsync(c => c.Messages.Count == 2);

        Assert.Equal((2L, "while it is away"), (ack.Id, reader.Messages[^1].Text));
        Assert.Null(reader.GoAway);
    }

    [Fact]
    public async Task Nothing_acked_is_lost_and_nothing_is_stored_twice_when_a_node_is_killed_under_load()
    {
        using var data = new TempDirectory();
        await using var survivor = await StartProcessAsync(data);
        var stored = new Dictionary<string, long>();
        for (var round = 0; round < 3; round++)
        {
            await using var node = await StartProcessAsync(data);
            using var channel = node.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
            var sends = Numbered($"{round}", 2_000).ToList();
            var sending = ann.SendManyAsync("lobby", sends);
            while (ann.Acks.Count < 200)
            {
                await Task.Delay(5);
            }

            await node.KillAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => sending);
            Assert.InRange(ann.Acks.Count, 200, 1_999);

            // The client repeats everything on the other node, and keeps its order.
            using var other = survivor.OpenChannel();
            await using var again = new ChatCall(other, "user", "ann", "room", "-");
            await again.SendManyAsync("lobby", sends);
            Assert.All(ann.Acks, ack => Assert.Equal(
                (ack.Id, true), again.Acks.Where(a => a.ClientOffset == ack.ClientOffset).Select(a => (a.Id, a.Duplicate)).Single()));
            again.Acks.ForEach(ack => stored.Add(ack.ClientOffset, ack.Id));
        }

        using var last = survivor.OpenChannel();
        await using var reader = new ChatCall(last, "user", "reader");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(Enumerable.Range(1, 6_000).Select(id => (long)id), reader.Ids());
        Assert.All(reader.Messages, message => Assert.Equal(message.Id, stored[message.ClientOffset]));
        Assert.Equal(
            Enumerable.Range(0, 3).SelectMany(round => Numbered($"{round}", 2_000)),
            reader.Messages.Select(message => (message.ClientOffset, message.Text)));
    }

    [Fact]
    public async Task A_node_that_is_stopped_for_a_while_holds_up_nobody_and_goes_on()
    {
        using var data = new TempDirectory();
        await using var node = await StartProcessAsync(data);
        await using var other = await StartNodeAsync(database);
        using var channel = node.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await using var reader = new ChatCall(channel, "user", "reader");
        await reader.UntilAsync(c => c.Joined.Count == 1);
        var sending = ann.SendManyAsync("lobby", Numbered("ann", 1_000));
        while (ann.Acks.Count < 100)
        {
            await Task.Delay(5);
        }

        using (var stop = System.Diagnostics.Process.Start("kill", ["-STOP", $"{node.Id}"]))
        {
            await stop.WaitForExitAsync();
        }

        for (var n = 0; n < 100; n++)
        {
            await other.SendOnceAsync("bob", "lobby", $"bob-{n}", $"{n}").WaitAsync(TimeSpan.FromSeconds(10));
        }

        using (var go = System.Diagnostics.Process.Start("kill", ["-CONT", $"{node.Id}"]))
        {
            await go.WaitForExitAsync();
        }

        await sending;
        await reader.UntilAsync(c => c.Messages.Count == 1_100);
        Assert.Equal(Enumerable.Range(1, 1_100).Select(id => (long)id), reader.Ids());
    }

    [Fact]
    public async Task A_send_that_waits_for_the_database_too_long_is_given_up_by_its_sender_and_stored_once()
    {
        await using var log = PostgresMessageLog.Open(database, new LogOptions { LockTimeout = TimeSpan.FromMilliseconds(300) });
        await new RecordingStream(log).SendAsync("room", "1", "one");
        await using var lockHolder = new NpgsqlConnection(database);
        await lockHolder.OpenAsync();
        await using var transaction = await lockHolder.BeginTransactionAsync();
        await using (var locking = new NpgsqlCommand("SELECT FROM grpcchat.room FOR UPDATE", lockHolder))
        {
            await locking.ExecuteNonQueryAsync();
        }

        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2", "two");
        await ann.FailureAsync();
        var later = new RecordingStream(log);
        await later.HandOverAsync("room", "3", "three");
        await later.FailureAsync();
        Assert.Contains("has not answered for 0.3 s", ann.Failure!.Message, StringComparison.Ordinal);

        await transaction.CommitAsync();
        await log.PingAsync();
        var again = new RecordingStream(log);
        Assert.Equal(AppendResult.Found(2), await again.SendAsync("room", "2", "two"));
        Assert.Equal(AppendResult.Stored(3), await again.SendAsync("room", "3", "three"));
        Assert.Empty(ann.Answers);
        Assert.Equal(["one", "two", "three"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task A_room_whose_lock_somebody_holds_does_not_make_the_node_unready()
    {
        await using var log = PostgresMessageLog.Open(database, new LogOptions { LockTimeout = TimeSpan.FromSeconds(2) });
        var ann = new RecordingStream(log, "ann");
        await ann.SendAsync("stuck", "1");
        var problems = new ConcurrentQueue<string?>();
        log.Health.Changed += () => problems.Enqueue(log.Health.WriteProblem);
        await using var lockHolder = new NpgsqlConnection(database);
        await lockHolder.OpenAsync();
        await using var transaction = await lockHolder.BeginTransactionAsync();
        await using (var locking = new NpgsqlCommand("SELECT FROM grpcchat.room WHERE name = 'stuck' FOR UPDATE", lockHolder))
        {
            await locking.ExecuteNonQueryAsync();
        }

        // Several looks of the health go by.
        for (var n = 2; n <= 6; n++)
        {
            var stream = new RecordingStream(log, "ann");
            await stream.HandOverAsync("stuck", $"{n}", "x");
            await stream.FailureAsync();
            Assert.Equal(AppendResult.Stored(n - 1), await new RecordingStream(log, "bob").SendAsync("free", $"{n}"));
            await Task.Delay(500);
        }

        await transaction.RollbackAsync();

        Assert.Empty(problems);
    }

    [Fact]
    public async Task A_commit_that_the_standby_may_not_have_is_not_acked_also_as_a_duplicate()
    {
        const string Waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        using var cluster = PostgresCluster.Create();
        var own = cluster.CreateDatabase();
        await using var log = PostgresMessageLog.Open(own, new LogOptions { LockTimeout = TimeSpan.FromMinutes(1) });
        await new RecordingStream(log).SendAsync("room", "1");
        PostgresCluster.Execute(cluster.Admin, "ALTER SYSTEM SET synchronous_standby_names = 'missing'");
        PostgresCluster.Execute(cluster.Admin, "SELECT pg_reload_conf()");
        await UntilAsync(() => (string?)PostgresCluster.Execute(own, "SHOW synchronous_standby_names") == "missing");
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2");

        // An operator cancels what waits, over and over: the server commits here alone, and says so in a warning.
        for (var round = 0; round < 5; round++)
        {
            await UntilAsync(() => (long)PostgresCluster.Execute(own, $"SELECT count(*) {Waiting}")! > 0);
            PostgresCluster.Execute(own, $"SELECT count(pg_cancel_backend(pid)) {Waiting}");
            Assert.Empty(ann.Answers);
        }

        await UntilAsync(() => (long)PostgresCluster.Execute(own, $"SELECT count(*) {Waiting}")! > 0);
        Assert.Empty(ann.Answers);
        PostgresCluster.Execute(cluster.Admin, "ALTER SYSTEM SET synchronous_standby_names = ''");
        PostgresCluster.Execute(cluster.Admin, "SELECT pg_reload_conf()");

        var answer = Assert.Single(await ann.AnswersAsync(1));
        Assert.Equal(2, answer.Result.Id);
        Assert.False(ann.HasFailed);
    }

    [Fact]
    public async Task A_room_that_was_put_back_to_an_earlier_moment_is_stopped_and_the_others_go_on()
    {
        await using var log = PostgresMessageLog.Open(database);
        var ann = new RecordingStream(log);
        for (var n = 1; n <= 5; n++)
        {
            await ann.SendAsync("old", $"{n}");
        }

        PostgresCluster.Execute(
            database, "UPDATE grpcchat.room SET last_id = 3; DELETE FROM grpcchat.message WHERE id > 3; DELETE FROM grpcchat.sent_key WHERE id > 3");
        await ann.HandOverAsync("old", "6");
        await ann.FailureAsync();

        var damage = Assert.IsType<LogDamagedException>(ann.Failure);
        Assert.Contains("the newest message was 5 and is 3 now", damage.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogDamagedException>(() => log.BoundsAsync("old"));
        Assert.Equal(damage.Message, log.Health.ReadProblem);
        Assert.Equal(3L, PostgresCluster.Execute(database, "SELECT last_id FROM grpcchat.room WHERE name = 'old'"));
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("new", "1"));
    }

    [Fact]
    public async Task A_reader_of_a_room_that_was_put_back_is_told_so_though_nobody_sends()
    {
        await using var node = await StartNodeAsync(database);
        node.ExpectErrors();
        await node.SendOnceAsync("ann", "old", "1", "1");
        await node.SendOnceAsync("ann", "old", "2", "2");
        await node.SendOnceAsync("ann", "new", "1", "1");
        await using var reader = await node.JoinAsync("reader", "old");
        await using var other = await node.JoinAsync("reader", "new");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        PostgresCluster.Execute(
            database, "UPDATE grpcchat.room SET last_id = 1 WHERE name = 'old'; DELETE FROM grpcchat.message WHERE id > 1");

        Assert.Equal(StatusCode.DataLoss, (await reader.ToEndAsync()).StatusCode);
        Assert.Equal([1, 2], reader.Ids("old"));
        await using var again = node.Open("reader", "room", "old");
        Assert.Equal(StatusCode.DataLoss, (await again.ToEndAsync()).StatusCode);
        await node.SendOnceAsync("ann", "new", "2", "2");
        await other.UntilAsync(c => c.Messages.Count == 2);
    }

    [Fact]
    public async Task A_database_with_another_log_ends_the_node()
    {
        var log = PostgresMessageLog.Open(database);
        await new RecordingStream(log).SendAsync("room", "1");

        PostgresCluster.Execute(database, $"UPDATE grpcchat.log_meta SET log_id = '{IMessageLog.NewId()}'");
        PostgresCluster.Execute(database, $"SELECT count(pg_terminate_backend(pid)) {Backends}");

        var error = await Assert.ThrowsAsync<LogDamagedException>(() => log.Stopped.WaitAsync(RecordingStream.Deadline));
        Assert.Contains("start the service again", error.Message, StringComparison.Ordinal);
        var late = new RecordingStream(log);
        await late.HandOverAsync("room", "2");
        Assert.Equal(1, late.Failures);
        await log.DisposeAsync();
    }

    [Fact]
    public async Task A_hint_that_anybody_made_up_changes_nothing()
    {
        await using var a = await StartNodeAsync(database);
        await using var reader = await a.JoinAsync("reader");
        await a.SendOnceAsync("ann", "lobby", "1", "one");
        await reader.UntilAsync(c => c.Messages.Count == 1);

        foreach (var hint in (string[])["lobby:900", "lobby:-1", "lobby:", ":", "", ",,,", "nowhere:5", "lobby:99999999999999999999"])
        {
            PostgresCluster.Execute(database, $"SELECT pg_notify('grpcchat_{a.LogId}', '{hint}')");
        }

        await a.SendOnceAsync("ann", "lobby", "2", "two");
        await reader.UntilAsync(c => c.Messages.Count == 2);
        Assert.Equal([1, 2], reader.Ids());
        Assert.Null(a.Log.Health.ReadProblem);
    }

    private static Task<ChatServer> StartNodeAsync(string database, TimeSpan? lockTimeout = null) => ChatServer.StartAsync(
        openLog: _ => PostgresMessageLog.Open(database, new LogOptions { LockTimeout = lockTimeout ?? TimeSpan.FromSeconds(30) }));

    private Task<ServiceProcess> StartProcessAsync(TempDirectory data) =>
        ServiceProcess.StartAsync(data.Path, arguments: ["--log", database]);

    private static IEnumerable<(string Offset, string Text)> Numbered(string prefix, int count) => Enumerable.Range(1, count)
        .Select(n => (string.Create(CultureInfo.InvariantCulture, $"{prefix}-{n}"), n.ToString(CultureInfo.InvariantCulture)));

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(20))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < RecordingStream.Deadline, "It does not come.");
        }
    }
}
