using System.Diagnostics;
using System.Diagnostics.Metrics;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Testing;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A server with a standby, on which commits wait until the standby has them.</summary>
public sealed class ReplicatedPostgres : IDisposable
{
    public ReplicatedPostgres() => Standby = Primary.StartStandby();

    internal PostgresCluster Primary { get; } = PostgresCluster.Create();

    internal PostgresCluster Standby { get; }

    internal string Host => HostOf(Standby);

    internal static string HostOf(PostgresCluster cluster) => $"127.0.0.1:{PortOf(cluster.Admin)}";

    internal static int PortOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Port;

    /// <summary>The same database on another server.</summary>
    internal static string On(PostgresCluster cluster, string database) =>
        new NpgsqlConnectionStringBuilder(database) { Port = PortOf(cluster.Admin) }.ConnectionString;

    /// <summary>Waits until the standby shows everything that the primary has committed.</summary>
    internal void CatchUp()
    {
        var written = PostgresCluster.Execute(Primary.Admin, "SELECT pg_current_wal_flush_lsn()::text");
        Until(() => (bool)PostgresCluster.Execute(Standby.Admin, $"SELECT pg_last_wal_replay_lsn() >= '{written}'")!);
    }

    /// <summary>From now on the standby shows nothing new.</summary>
    internal void Pause()
    {
        CatchUp();
        PostgresCluster.Execute(Standby.Admin, "SELECT pg_wal_replay_pause()");
        Until(() => PostgresCluster.Execute(Standby.Admin, "SELECT pg_get_wal_replay_pause_state()") is "paused");
    }

    internal void Resume()
    {
        PostgresCluster.Execute(Standby.Admin, "SELECT pg_wal_replay_resume()");
        CatchUp();
    }

    /// <summary>Commits wait for no standby any more.</summary>
    internal static void LetCommit(PostgresCluster primary)
    {
        PostgresCluster.Execute(primary.Admin, "ALTER SYSTEM SET synchronous_standby_names = ''");
        PostgresCluster.Execute(primary.Admin, "SELECT pg_reload_conf()");
    }

    internal static void Until(Func<bool> isSo)
    {
        for (var begun = Stopwatch.StartNew(); !isSo(); Thread.Sleep(20))
        {
            Assert.True(begun.Elapsed < RecordingStream.Deadline, "It does not come.");
        }
    }

    public void Dispose()
    {
        Standby.Dispose();
        Primary.Dispose();
    }
}

/// <summary>What a log says about its read replicas.</summary>
internal sealed class ReplicaWatch : IDisposable
{
    private readonly Meter meter = new("a test of read replicas");
    private readonly FakeLogger logger = new();
    private readonly MetricCollector<long> reads;

    public ReplicaWatch() => reads = new(meter, "chat.log.replica.reads");

    /// <summary>Reads that a standby has answered.</summary>
    public int Answered => Count("answered");

    /// <summary>Reads that went to the primary, because the standby did not have what it was asked for.</summary>
    public int Behind => Count("behind");

    public IReadOnlyList<string> Lines => [.. logger.Collector.GetSnapshot().Select(line => line.Message)];

    public PostgresMessageLog Open(string database, string hosts, TimeSpan? lockTimeout = null) => PostgresMessageLog.Open(
        database,
        new LogOptions { Metrics = new LogMetrics(meter), LockTimeout = lockTimeout ?? TimeSpan.FromSeconds(30) },
        hosts,
        logger);

    /// <summary>Waits until the log reads this room from a standby.</summary>
    public async Task UntilUsedAsync(IMessageLog log, string room = "lobby")
    {
        var answered = Answered;
        for (var begun = Stopwatch.StartNew(); Answered == answered; await Task.Delay(20))
        {
            Assert.True(begun.Elapsed < RecordingStream.Deadline, $"No standby is used: {string.Join(' ', Lines)}");
            await log.BoundsAsync(room);
            await log.PageAsync(room);
        }
    }

    public async Task UntilAsync(string line)
    {
        for (var begun = Stopwatch.StartNew();
            !Lines.Any(said => said.Contains(line, StringComparison.Ordinal));
            await Task.Delay(20))
        {
            Assert.True(begun.Elapsed < RecordingStream.Deadline, $"'{line}' is not in: {string.Join(' ', Lines)}");
        }
    }

    public void Dispose()
    {
        reads.Dispose();
        meter.Dispose();
    }

    private int Count(string outcome) => reads.GetMeasurementSnapshot().Count(read => outcome.Equals(read.Tags["chat.outcome"]));
}
