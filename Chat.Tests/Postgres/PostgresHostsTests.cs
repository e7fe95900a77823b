using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A connection string with several hosts, of which one should not be used.</summary>
public sealed class PostgresHostsTests
{
    private static readonly LogOptions Quick = new() { LockTimeout = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task A_server_that_was_the_primary_before_and_was_started_again_by_mistake_gets_no_message()
    {
        using var old = PostgresCluster.Create();
        var settings = new NpgsqlConnectionStringBuilder(old.CreateDatabase());
        using var standby = old.StartStandby();
        settings.Host = $"127.0.0.1:{settings.Port},127.0.0.1:{new NpgsqlConnectionStringBuilder(standby.Admin).Port}";
        await using var log = PostgresMessageLog.Open(settings.ConnectionString, Quick);
        await new RecordingStream(log).SendAsync("room", "1");
        old.Stop("immediate");
        standby.Promote();
        TakeAloneAsPrimary(standby);
        await RecordingStream.SendUntilStoredAsync(log, "room", "2");

        old.Start();
        TakeAloneAsPrimary(old);
        standby.Stop("immediate");
        var refused = new RecordingStream(log);
        await refused.HandOverAsync("room", "3");
        await refused.FailureAsync();

        Assert.Contains("was the primary before, on timeline 1,", log.Health.WriteProblem, StringComparison.Ordinal);
        standby.Start();
        Assert.Equal(AppendResult.Stored(3), await RecordingStream.SendUntilStoredAsync(log, "room", "3"));
    }

    [Fact]
    public async Task A_host_with_another_log_does_not_end_a_node_that_has_its_own()
    {
        const string Name = "restored";
        using var restored = PostgresCluster.Create();
        await using (PostgresMessageLog.Open(restored.CreateDatabase(name: Name)))
        {
        }

        var settings = new NpgsqlConnectionStringBuilder(PostgresCluster.Shared.CreateDatabase(name: Name));
        await using var network = new LoopbackProxy(new Uri($"http://127.0.0.1:{settings.Port}"));
        settings.Host = $"127.0.0.1:{network.Address.Port},127.0.0.1:{new NpgsqlConnectionStringBuilder(restored.Admin).Port}";
        await using var log = PostgresMessageLog.Open(settings.ConnectionString, Quick);
        await new RecordingStream(log).SendAsync("room", "1");

        network.Stall();
        network.CutAll();
        var told = new RecordingStream(log);
        await told.HandOverAsync("room", "2");
        await told.FailureAsync();
        network.Resume();

        Assert.Equal(2, (await RecordingStream.SendUntilStoredAsync(log, "room", "2")).Id);
        Assert.False(log.Stopped.IsCompleted);
    }

    [Fact]
    public async Task Sends_that_were_given_up_hold_no_place_of_the_others()
    {
        const int Places = 2;
        var database = PostgresCluster.Shared.CreateDatabase();
        await using var log = PostgresMessageLog.Open(
            database, new LogOptions { LockTimeout = Quick.LockTimeout, MaxQueuedSends = Places });
        await new RecordingStream(log).SendAsync("room", "1");
        await new RecordingStream(log).SendAsync("other", "1");
        await using var holder = new NpgsqlConnection(database);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("SELECT 1 FROM grpcchat.room WHERE name = 'room' FOR UPDATE", holder);
        await hold.ExecuteNonQueryAsync();

        var stuck = new RecordingStream(log);
        for (var n = 0; n < Places; n++)
        {
            await stuck.HandOverAsync("room", $"stuck {n}");
        }

        await stuck.FailureAsync();

        Assert.Equal(AppendResult.Stored(2), await new RecordingStream(log).SendAsync("other", "2"));
    }

    private static void TakeAloneAsPrimary(PostgresCluster server)
    {
        PostgresCluster.Execute(server.Admin, "ALTER SYSTEM SET synchronous_standby_names = ''");
        PostgresCluster.Execute(server.Admin, "SELECT pg_reload_conf()");
    }
}
