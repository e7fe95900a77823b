using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A standby that stops, is promoted, or is not one of this primary.</summary>
public sealed class ReadReplicaFaultTests : IDisposable
{
    private readonly ReplicaWatch watch = new();

    public void Dispose() => watch.Dispose();

    [Theory]
    [InlineData("db=2.example")]
    [InlineData("db-2.example;Password=secret")]
    [InlineData("http://db-2.example")]
    [InlineData("chat@db-2.example")]
    [InlineData("db-2.example/chat")]
    [InlineData("db-2.example:")]
    [InlineData("db-2.example:0")]
    [InlineData("db-2.example:65536")]
    [InlineData("")]
    public void A_host_that_is_not_valid_is_named(string host)
    {
        var error = Assert.Throws<LogOpenException>(
            () => PostgresMessageLog.Open("Host=db-1.example;Password=hidden", readReplicas: $"db-3.example, {host}"));

        Assert.Contains($"the read replica '{host}' is not valid", error.Message, StringComparison.Ordinal);
        Assert.Contains("write each as host or host:port", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_may_have_a_port_of_its_own()
    {
        var parsed = ReadReplicas.Parse(
            "db_2.Example, db-3:7000, 10.0.0.4:1, [::1]:65535",
            "Host=db-1,db-9;Target Session Attributes=read-write;Port=6000;Database=chat");

        Assert.Equal(
            [("db_2.example", 6000), ("db-3", 7000), ("10.0.0.4", 1), ("::1", 65535)],
            parsed.Select(settings => (settings.Host!, settings.Port)));
        Assert.All(parsed, settings => Assert.Equal(("chat", null), (settings.Database, settings.TargetSessionAttributes)));
    }

    [Fact]
    public async Task A_log_is_served_by_its_primary_where_no_standby_can_be_used_and_each_is_told_once()
    {
        // Three that cannot be used: nobody listens, the primary itself, and a standby without the log.
        var primary = PostgresCluster.Shared;
        using var other = new ReplicatedPostgres();
        var database = primary.CreateDatabase(name: "replicated");
        other.Primary.CreateDatabase(name: "replicated");
        other.CatchUp();
        await using var log = watch.Open(
            database, $"127.0.0.1:1,{ReplicatedPostgres.HostOf(primary)},{other.Host}");
        await new RecordingStream(log).SendAsync("room", "1", "right");

        await watch.UntilAsync("127.0.0.1:1, database replicated does not answer");
        await watch.UntilAsync($"{ReplicatedPostgres.HostOf(primary)}, database replicated is not a standby");
        await watch.UntilAsync($"{other.Host}, database replicated: relation \"grpcchat.log_meta\" does not exist");
        Assert.Equal(3, watch.Lines.Count);

        await using (var foreign = PostgresMessageLog.Open(ReplicatedPostgres.On(other.Primary, database)))
        {
            await new RecordingStream(foreign).SendAsync("room", "1", "wrong");
            other.CatchUp();
            using var second = new ReplicaWatch();
            await using var again = second.Open(database, other.Host);
            await second.UntilAsync($"has the log {foreign.LogId}, and the primary has {log.LogId}");
            await again.BoundsAsync("room");

            Assert.Equal("right", Assert.Single(await again.PageAsync("room")).Text);
            Assert.Equal((0, 0), (second.Answered, watch.Answered));
        }
    }

    [Fact]
    public async Task A_replay_goes_on_without_hole_or_repeat_when_its_standby_stops()
    {
        using var postgres = new ReplicatedPostgres();
        var database = postgres.Primary.CreateDatabase();
        await FillAsync(database, 2_000);
        postgres.CatchUp();
        await using var node = await ChatServer.StartAsync(openLog: _ => new HookedLog(watch.Open(database, postgres.Host)));
        await watch.UntilUsedAsync(node.Log);
        ReplicatedPostgres.LetCommit(postgres.Primary);
        var answered = watch.Answered;
        node.Hooks.AfterNextRead = () => Task.Run(() => postgres.Standby.Stop("immediate"));

        await using var reader = node.Open("reader", "room", "lobby");
        await reader.UntilAsync(call => call.CaughtUp.Count == 1);

        Assert.Equal(Enumerable.Range(1, 2_000).Select(id => (long)id), reader.Ids());
        Assert.Equal(answered + 1, watch.Answered);
        await watch.UntilAsync("A read replica is not used");
        postgres.Standby.Start();
        await watch.UntilUsedAsync(node.Log);
        await watch.UntilAsync("is used again");
        Assert.Equal(2, watch.Lines.Count);
    }

    [Fact]
    public async Task A_standby_that_is_promoted_is_not_believed_any_more()
    {
        using var postgres = new ReplicatedPostgres();
        var database = postgres.Primary.CreateDatabase();
        await FillAsync(database, 50);
        postgres.CatchUp();
        await using var log = watch.Open(database, postgres.Host);
        await watch.UntilUsedAsync(log);
        ReplicatedPostgres.LetCommit(postgres.Primary);

        postgres.Standby.Promote();
        PostgresCluster.Execute(
            ReplicatedPostgres.On(postgres.Standby, database),
            "SET synchronous_commit = local; UPDATE grpcchat.message SET text = 'of another primary'");
        var answered = watch.Answered;
        var page = await log.PageAsync("lobby");

        Assert.All(page, message => Assert.StartsWith($"{message.Id} x", message.Text, StringComparison.Ordinal));
        Assert.Equal((50, answered), (page.Count, watch.Answered));
        await watch.UntilAsync("is not a standby");
    }

    [Fact]
    public async Task A_standby_of_a_primary_on_another_timeline_is_not_used()
    {
        using var postgres = new ReplicatedPostgres();
        var database = postgres.Primary.CreateDatabase();
        await FillAsync(database, 50);
        using var stays = postgres.Primary.StartStandby();
        postgres.CatchUp();

        // Two primaries: the standbys of the second are not for the nodes of the first.
        postgres.Standby.Promote();
        ReplicatedPostgres.LetCommit(postgres.Standby);
        ReplicatedPostgres.LetCommit(postgres.Primary);
        using var foreign = postgres.Standby.StartStandby();
        using var second = new ReplicaWatch();
        await using (var log = second.Open(database, ReplicatedPostgres.HostOf(foreign)))
        {
            await second.UntilAsync("is on timeline 2 and the primary is on 1");
        }

        // When the node goes over to the second, the standbys of the first are not for it any more, from its first connection on.
        var both = new NpgsqlConnectionStringBuilder(database)
        {
            Host = $"{ReplicatedPostgres.HostOf(postgres.Primary)},{ReplicatedPostgres.HostOf(postgres.Standby)}",
            TargetSessionAttributes = "read-write",
        };
        await using var node = watch.Open(both.ConnectionString, ReplicatedPostgres.HostOf(stays));
        await watch.UntilUsedAsync(node);
        postgres.Primary.Stop("immediate");
        while (true)
        {
            try
            {
                await node.BoundsAsync("lobby");
                break;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(20);
            }
        }

        var answered = watch.Answered;
        Assert.Equal(50, (await node.PageAsync("lobby")).Count);
        Assert.Equal(answered, watch.Answered);
        await watch.UntilAsync("is on timeline 1 and the primary is on 2");
    }

    [Fact]
    public async Task The_service_starts_without_its_standby_and_says_so()
    {
        using var data = new TempDirectory();
        var database = PostgresCluster.Shared.CreateDatabase();
        var node = await ServiceProcess.StartAsync(
            data.Path, environment: [("CHAT_LOG", database), ("CHAT_READREPLICAS", "127.0.0.1:1")]);
        string errors;
        await using (node)
        {
            using var channel = node.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann", "room", "lobby");
            await ann.SendManyAsync("lobby", [("1", "1")]);
            await ann.UntilAsync(call => call.Messages.Count == 1);
            (_, errors, _) = await node.TerminateAsync();
        }

        Assert.Contains("A read replica is not used: PostgreSQL at 127.0.0.1:1", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_refuses_read_replicas_of_a_log_in_a_file_and_hosts_that_are_not_valid()
    {
        using var data = new TempDirectory();
        var (ofFile, _, why) = await ServiceProcess.RunAsync(["--data", data.Path, "--read-replicas", "db-2.example"]);
        var (malformed, _, what) = await ServiceProcess.RunAsync(
            ["--data", data.Path, "--log", "Host=127.0.0.1;Database=chat", "--read-replicas", "Host=db-2.example"]);

        Assert.Equal(2, ofFile);
        Assert.Contains("ReadReplicas is 'db-2.example', but the log is a file; set Log", why, StringComparison.Ordinal);
        Assert.Equal(4, malformed);
        Assert.Contains("the read replica 'Host=db-2.example' is not valid", what, StringComparison.Ordinal);
    }

    private static async Task FillAsync(string database, int count)
    {
        await using var node = await ChatServer.StartAsync(openLog: _ => PostgresMessageLog.Open(database));
        await node.FillAsync("lobby", count, textLength: 200);
    }
}
