using System.Diagnostics;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A standby that is read from: what it answers, and what it must not.</summary>
public sealed class ReadReplicaTests(ReplicatedPostgres postgres) : IClassFixture<ReplicatedPostgres>, IDisposable
{
    private readonly string database = postgres.Primary.CreateDatabase();
    private readonly ReplicaWatch watch = new();

    public void Dispose() => watch.Dispose();

    [Fact]
    public async Task Pages_and_a_replay_come_from_the_standby()
    {
        await FillAsync(2_000);
        await using var node = await StartAsync();
        postgres.Pause();

        // Whoever reads the primary from now on finds a room that is damaged.
        PostgresCluster.Execute(database, "DELETE FROM grpcchat.message");
        try
        {
            await using var reader = node.Open("reader", "room", "lobby");
            await reader.UntilAsync(call => call.CaughtUp.Count == 1);
            var newest = await ListAsync(node, new() { Room = "lobby" });
            var after = await ListAsync(node, new() { Room = "lobby", AfterId = 1_000, PageSize = 1_000 });

            Assert.Equal(Ids(1, 2_000), reader.Ids());
            Assert.Equal(Ids(1_901, 100), newest.Select(message => message.Id));
            Assert.Equal(Ids(1_001, 1_000), after.Select(message => message.Id));
            Assert.All(after, message => Assert.Equal($"{message.Id} {new string('x', 200)}", message.Text));
            Assert.Empty(watch.Lines);
        }
        finally
        {
            postgres.Resume();
        }
    }

    [Fact]
    public async Task A_standby_that_is_behind_leaves_no_hole()
    {
        await FillAsync(1_000);
        await using var node = await StartAsync();
        postgres.Pause();
        try
        {
            await using var other = await StartOtherAsync();
            await using var ann = other.Open("ann", "room", "-");
            await ann.SendManyAsync("lobby", Enumerable.Range(1, 500).Select(n => ($"{n}", $"new {n}")));
            await ann.UntilAsync(call => call.Acks.Count == 500);
            var answered = watch.Answered;

            await using var reader = node.Open("reader", "room", "lobby");
            await reader.UntilAsync(call => call.CaughtUp.Count == 1);
            var newest = await ListAsync(node, new() { Room = "lobby" });
            var across = await ListAsync(node, new() { Room = "lobby", AfterId = 900, PageSize = 200 });

            Assert.Equal(Ids(1, 1_500), reader.Ids());
            Assert.Equal(Ids(1_401, 100), newest.Select(message => message.Id));
            Assert.Equal(Ids(901, 200), across.Select(message => message.Id));
            Assert.True(watch.Answered > answered);
            Assert.True(watch.Behind > 0);
            Assert.Empty(watch.Lines);
        }
        finally
        {
            postgres.Resume();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_text_that_was_erased_never_comes_from_a_standby_that_still_has_it(bool isErasedByAnotherNode)
    {
        await FillAsync(50);
        await using var node = await StartAsync();
        await using var other = await StartOtherAsync();
        postgres.Pause();
        try
        {
            for (var id = 1; id <= 20; id++)
            {
                await (isErasedByAnotherNode ? other : node).Log.EraseAsync(
                    MessagesToErase.WithIds("lobby", [id]), null, CancellationToken.None);

                await using var reader = node.Open("reader", "room", "lobby");
                await reader.UntilAsync(call => call.CaughtUp.Count == 1);
                AssertErased(reader.Messages, id);
                AssertErased(await ListAsync(node, new() { Room = "lobby" }), id);
            }
        }
        finally
        {
            postgres.Resume();
        }

        await watch.UntilUsedAsync(node.Log);
        AssertErased(await ListAsync(node, new() { Room = "lobby" }), 20);
    }

    [Fact]
    public async Task What_was_removed_never_comes_from_a_standby_that_still_has_it()
    {
        await FillAsync(50);
        await using var node = await StartAsync();
        postgres.Pause();
        try
        {
            await node.TrimAsync("lobby", 30);
            var bounds = await node.Log.BoundsAsync("lobby");
            var removed = new CollectingSink();
            var isKept = await node.Log.ReadAsync("lobby", 0, 50, removed, CancellationToken.None);
            await using var reader = node.Open("reader", "room", "lobby");
            await reader.UntilAsync(call => call.CaughtUp.Count == 1);

            Assert.Equal(new RoomBounds(31, 50), bounds);
            Assert.Equal((false, 0), (isKept, removed.Messages.Count));
            Assert.Equal(Ids(31, 20), reader.Ids());
        }
        finally
        {
            postgres.Resume();
        }
    }

    [Fact]
    public async Task A_message_that_only_the_standby_shows_yet_is_not_delivered()
    {
        await FillAsync(5);
        await using var node = await StartAsync();
        await using var sender = node.Open("filler", "room", "-");
        using (HoldCommits())
        {
            await sender.SendAsync("new", "new", "lobby");
            UntilOnStandby("SELECT last_id = 6 FROM grpcchat.room");
            var answered = watch.Answered;

            Assert.Equal(Ids(1, 5), (await node.Log.PageAsync("lobby")).Select(message => message.Id));
            Assert.Equal(answered + 1, watch.Answered);
            Assert.Empty(sender.Acks);
        }

        await sender.UntilAsync(call => call.Acks.Count == 1);
        await using var reader = node.Open("reader", "room", "lobby");
        await reader.UntilAsync(call => call.CaughtUp.Count == 1);
        Assert.Equal(Ids(1, 6), reader.Ids());
    }

    [Fact]
    public async Task Messages_that_only_the_standby_has_removed_yet_are_delivered()
    {
        await FillAsync(50);
        await using var node = await StartAsync();
        Task removing;
        using (HoldCommits())
        {
            removing = Task.Run(() => PostgresCluster.Execute(database, """
                WITH gone AS (DELETE FROM grpcchat.message WHERE id <= 30) UPDATE grpcchat.room SET oldest_id = 31
                """));
            UntilOnStandby("SELECT oldest_id = 31 FROM grpcchat.room");

            await using var reader = node.Open("reader", "room", "lobby");
            await reader.UntilAsync(call => call.CaughtUp.Count == 1);
            Assert.Equal(Ids(1, 50), reader.Ids());
        }

        await removing.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_standby_that_does_not_answer_delays_only_the_first_reads_and_is_used_again_when_it_does()
    {
        await FillAsync(50);
        await using var network = new LoopbackProxy(new Uri($"http://{postgres.Host}"));
        await using var node = await StartAsync(network.Address.Authority);
        await node.Log.BoundsAsync("lobby");
        await ReadManyAsync();

        network.Stall();
        var begun = Stopwatch.StartNew();
        var pages = await ReadManyAsync();
        var first = begun.Elapsed;
        Assert.All(pages, page => Assert.Equal(50, page.Count));
        for (var n = 0; n < 20; n++)
        {
            Assert.Equal(50, (await node.Log.PageAsync("lobby")).Count);
        }

        var rest = begun.Elapsed - first;
        await watch.UntilAsync("A read replica is not used");
        network.Resume();
        await watch.UntilUsedAsync(node.Log);

        Assert.InRange(first, TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(4));
        Assert.True(rest < TimeSpan.FromSeconds(2), $"Twenty more reads took {rest}.");
        await watch.UntilAsync("is used again");
        Assert.Equal(2, watch.Lines.Count);

        // More than may read from a standby at once.
        Task<List<ReadMessage>[]> ReadManyAsync() =>
            Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(() => node.Log.PageAsync("lobby"))));
    }

    [Fact]
    public async Task A_read_that_is_in_the_way_of_what_the_primary_removes_goes_to_the_primary_without_a_word()
    {
        await FillAsync(50);
        await using var node = await StartAsync();

        // On the standby, reading takes long from now on, and what is in the way is cancelled at once.
        SetDelay("0");
        PostgresCluster.Execute(database, """
            ALTER TABLE grpcchat.message RENAME TO kept;
            CREATE TABLE grpcchat.removed AS SELECT * FROM grpcchat.kept;
            CREATE FUNCTION grpcchat.read_slowly() RETURNS boolean LANGUAGE sql VOLATILE AS
                'SELECT pg_sleep(CASE WHEN pg_is_in_recovery() THEN 1.5 ELSE 0 END) IS NOT NULL';
            CREATE VIEW grpcchat.message AS SELECT * FROM grpcchat.kept WHERE (SELECT grpcchat.read_slowly());
            """);
        postgres.CatchUp();
        var (answered, behind) = (watch.Answered, watch.Behind);
        var reading = node.Log.PageAsync("lobby");
        UntilOnStandby("SELECT true FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()");
        PostgresCluster.Execute(database, "DELETE FROM grpcchat.removed");
        PostgresCluster.Execute(database, "VACUUM grpcchat.removed");

        Assert.Equal(Ids(1, 50), (await reading).Select(message => message.Id));
        Assert.Equal((answered, behind + 1), (watch.Answered, watch.Behind));
        Assert.Empty(watch.Lines);
        SetDelay("'30s'");

        void SetDelay(string delay)
        {
            PostgresCluster.Execute(postgres.Standby.Admin, $"ALTER SYSTEM SET max_standby_streaming_delay = {delay}");
            PostgresCluster.Execute(postgres.Standby.Admin, "SELECT pg_reload_conf()");
        }
    }

    // From now on, commits reach the standby, and are held back on the primary for another one.
    private Held HoldCommits() => new(postgres.Primary);

    private void UntilOnStandby(string condition)
    {
        var there = ReplicatedPostgres.On(postgres.Standby, database);
        ReplicatedPostgres.Until(() => PostgresCluster.Execute(there, condition) is true);
    }

    private static IEnumerable<long> Ids(int first, int count) => Enumerable.Range(first, count).Select(id => (long)id);

    private static void AssertErased(IEnumerable<Message> messages, int through)
    {
        Assert.Equal(Ids(1, through), messages.Where(message => message.Erased).Select(message => message.Id));
        Assert.All(messages, message => Assert.Equal(message.Erased, message.Text.Length == 0));
    }

    private static async Task<IReadOnlyList<Message>> ListAsync(ChatServer node, ListMessagesRequest request) =>
        (await node.Client("reader").ListMessagesAsync(request).ResponseAsync.WaitAsync(ChatCall.Deadline)).Messages;

    // By a node that is gone when others read: these have nothing in memory.
    private async Task FillAsync(int count)
    {
        await using var node = await StartOtherAsync();
        await node.FillAsync("lobby", count, textLength: 200);
        postgres.CatchUp();
    }

    private async Task<ChatServer> StartAsync(string? hosts = null)
    {
        var node = await ChatServer.StartAsync(openLog: _ => watch.Open(database, hosts ?? postgres.Host));
        await watch.UntilUsedAsync(node.Log);
        return node;
    }

    private Task<ChatServer> StartOtherAsync() =>
        ChatServer.StartAsync(openLog: _ => AspNetCore.Postgres.PostgresMessageLog.Open(database));

    private sealed class Held : IDisposable
    {
        private readonly PostgresCluster primary;

        public Held(PostgresCluster primary)
        {
            this.primary = primary;
            Set("2 (standby, missing)");
        }

        public void Dispose() => Set("standby");

        private void Set(string names)
        {
            PostgresCluster.Execute(primary.Admin, $"ALTER SYSTEM SET synchronous_standby_names = '{names}'");
            PostgresCluster.Execute(primary.Admin, "SELECT pg_reload_conf()");
            ReplicatedPostgres.Until(
                () => PostgresCluster.Execute(primary.Admin, "SHOW synchronous_standby_names") as string == names);
        }
    }
}
