using System.Diagnostics;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>A node that is started while its database is away: it waits for what time can cure, and for nothing else.</summary>
public sealed class WaitingStartTests : IAsyncLifetime
{
    private readonly TempDirectory data = new();
    private readonly PostgresCluster cluster = PostgresCluster.Create();
    private LoopbackProxy network;

    public WaitingStartTests() => network = NetworkTo(cluster);

    private string[] Node => ["--listen", "127.0.0.1:0", "--management", "none", "--data", data.Path, "--log", Through(cluster.Admin)];

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await network.DisposeAsync();
        cluster.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_node_waits_until_the_database_answers_and_serves_then()
    {
        var database = Through(cluster.CreateDatabase());
        cluster.Stop();
        var starting = StartAsync(database);
        await UntilTriedAsync(starting);

        cluster.Start();

        await using var node = await starting;
        await AssertServesAsync(node);
    }

    [Fact]
    public async Task A_node_waits_until_a_standby_is_promoted()
    {
        var database = cluster.CreateDatabase();
        using var standby = cluster.StartStandby();
        cluster.Stop("immediate");
        await network.DisposeAsync();
        network = NetworkTo(standby);
        var starting = StartAsync(Through(database));
        await UntilTriedAsync(starting);

        standby.Promote();

        await using var node = await starting;
        await AssertServesAsync(node);
    }

    [Fact]
    public async Task A_node_that_waits_says_so_once_and_ends_at_once_when_it_is_asked_to()
    {
        cluster.Stop();

        var (exitCode, output, errors) = await ServiceProcess.TerminateStartingAsync(Node, () => UntilTriedAsync());

        Assert.Equal((0, ""), (exitCode, output));
        var lines = errors.TrimEnd().Split('\n');
        Assert.Equal(lines.Distinct(), lines);
        Assert.All(lines, line => Assert.Contains("The log cannot be opened: PostgreSQL at 127.0.0.1:", line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains("tries again every second", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_whose_database_says_nothing_ends_at_once_when_it_is_asked_to()
    {
        network.Stall();
        var begun = 0L;

        var (exitCode, _, errors) = await ServiceProcess.TerminateStartingAsync(
            [.. Node[..^1], Node[^1] + ";Timeout=300"],
            async () =>
            {
                await UntilAsync(() => network.Accepted > 0);
                begun = Stopwatch.GetTimestamp();
            });

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("wrong secret", "refuses user 'ann'")]
    [InlineData("", "wants a password for user 'ann'")]
    [InlineData("right", "lacks a right")]
    public async Task A_node_that_waiting_does_not_help_ends_at_once(string password, string said)
    {
        var database = cluster.CreateDatabase(name: PostgresCluster.Guarded);
        PostgresCluster.Execute(cluster.Admin, "CREATE ROLE ann LOGIN PASSWORD 'right'");
        var ann = new NpgsqlConnectionStringBuilder(database) { Username = "ann", Password = password }.ConnectionString;

        var (exitCode, output, errors) = await ServiceProcess.RunAsync([.. Node[..^1], ann]);

        Assert.Equal((4, ""), (exitCode, output));
        Assert.Contains(said, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("blocked")]
    [InlineData("trim", "--keep-days", "1")]
    public async Task A_command_does_not_wait(params string[] command)
    {
        cluster.Stop();

        var (exitCode, output, errors) = await ServiceProcess.RunAsync([.. command, "--log", cluster.Admin]);

        Assert.Equal((4, ""), (exitCode, output));
        Assert.Contains("start the server, or correct Host and Port", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static LoopbackProxy NetworkTo(PostgresCluster cluster) => new(new Uri($"http://127.0.0.1:{cluster.Port}"));

    private static async Task AssertServesAsync(ServiceProcess node)
    {
        using var channel = node.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("1", "after the wait")]);
        Assert.Equal(1, Assert.Single(ann.Acks).Id);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var begun = Stopwatch.StartNew(); !isSo(); await Task.Delay(20))
        {
            Assert.True(begun.Elapsed < ChatCall.Deadline, "It does not come.");
        }
    }

    private string Through(string database) =>
        new NpgsqlConnectionStringBuilder(database) { Port = network.Address.Port }.ConnectionString;

    private Task<ServiceProcess> StartAsync(string database) =>
        ServiceProcess.StartAsync(data.Path, arguments: ["--log", database]);

    // More than once.
    private Task UntilTriedAsync(Task<ServiceProcess>? starting = null) =>
        UntilAsync(() => network.Accepted >= 3 || starting is { IsFaulted: true });
}
