using System.Diagnostics;
using System.Globalization;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Model;

/// <summary>The whole contract at once: random sequences of calls, compared with a model in memory.</summary>
public sealed class ChatModelTests(ITestOutputHelper output)
{
    private const int Workers = 16;

    // What every run must meet, and how often at least, so that the test cannot become empty without anybody noticing.
    private const int Enough = 200;

    private static readonly string[] Met =
    [
        "Ack, duplicate",
        "Ack, new",
        "CaughtUp",
        "Drop",
        "Half-close",
        "Joined Complete",
        "Joined Gap",
        "Joined Reset",
        "Left Invalid",
        "Left Limit",
        "Left Unspecified",
        "Message",
        "Open, refused",
        "Refusal Invalid",
        "Refusal Limit",
        "Refusal OffsetReused",
        "Page, backwards",
        "Page, forwards",
        "Refusal TooLarge",
        "Repeat after a drop: was lost",
        "Repeat after a drop: was stored",
        "Unary, acked",
        "Unary, refused",
    ];

    // To run other sequences, set MODEL_SEED=7 MODEL_SEQUENCES=100000. To run one, set MODEL_REPLAY to the seed of a
    // failure.
    private static int Sequences { get; } = (int)(Setting("MODEL_SEQUENCES") ?? 10_000);

    private static ulong Seed { get; } = Setting("MODEL_SEED") ?? 20_260_203;

    [Fact]
    public async Task Ten_thousand_random_call_sequences_agree_with_the_model()
    {
        await using var server = await ModelServer.StartAsync();
        await CheckAsync(server, Sequences);
    }

    // Fewer, since each of them takes longer.
    [Fact]
    public async Task A_thousand_random_call_sequences_on_PostgreSQL_agree_with_the_model()
    {
        var database = PostgresCluster.Shared.CreateDatabase();
        await using var server = await ModelServer.StartAsync(openLog: (_, limits) => PostgresMessageLog.Open(database, new LogOptions
        {
            MaxRooms = limits.MaxRooms,
            MaxNewRoomsPerSenderAndMinute = limits.MaxNewRoomsPerSender,
            Time = new ManualTime(),
        }));
        await CheckAsync(server, Sequences / 10);
    }

    private async Task CheckAsync(ModelServer server, int sequences)
    {
        var begun = Stopwatch.GetTimestamp();
        var check = new ModelCheck(calls => SequenceRun.RunAsync(server, calls));
        var replay = Environment.GetEnvironmentVariable("MODEL_REPLAY");
        var failure = replay is null ? await check.RunAsync(sequences, Seed, Workers) : await check.ReplayAsync(replay);

        output.WriteLine($"{sequences} sequences from seed {Seed} in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s met");
        output.WriteLine(server.Tally.ToString());
        Assert.True(failure is null, failure?.ToString());
        Assert.All(replay is null ? Met : [], what => Assert.InRange(server.Tally[what], Enough * (sequences / 10_000.0), int.MaxValue));
    }

    [Fact]
    public async Task Sequences_on_a_server_with_few_rooms_agree_with_the_model()
    {
        var limits = new ModelLimits { MaxRooms = 2, MaxNewRoomsPerSender = 100 };
        var refusals = 0;
        var failure = await new ModelCheck(async calls =>
        {
            // Each sequence has a server of its own, because the limit applies to all rooms together.
            await using var server = await ModelServer.StartAsync(limits);
            await SequenceRun.RunAsync(server, calls);
            Interlocked.Add(ref refusals, server.Tally["Refusal Limit"]);
        }).RunAsync(sequences: 100, Seed, workers: 4);

        Assert.True(failure is null, failure?.ToString());
        Assert.InRange(refusals, 50, int.MaxValue);
    }

    private static ulong? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { } value ? ulong.Parse(value, CultureInfo.InvariantCulture) : null;
}
