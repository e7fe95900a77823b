using System.Diagnostics;
using System.Globalization;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The delivery promises on a network that breaks all the time.</summary>
public sealed class StormTests(ITestOutputHelper output)
{
    private const string Room = "storm";
    private const int Clients = 6;
    private const int Each = 500;
    private const int PerStep = 10;
    private const int Cuts = 200;
    private const int Faults = 320;

    private int storedBefore;

    // Two in every run; CHAOS_SEEDS=20 makes it twenty.
    public static TheoryData<int> Seeds { get; } =
        [.. Enumerable.Range(1, int.Parse(Environment.GetEnvironmentVariable("CHAOS_SEEDS") ?? "2", CultureInfo.InvariantCulture))];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Six_clients_lose_repeat_and_reorder_nothing_over_two_hundred_cuts(int seed)
    {
        var begun = Stopwatch.GetTimestamp();
        using var directory = new TempDirectory();
        await using var server = await ChatServer.StartAsync(options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(400));
        await using var proxy = new LoopbackProxy(server.Address);
        proxy.Meet(new LoopbackProxy.Storm(new Random(seed), Faults));

        var seen = await Task.WhenAll(Enumerable.Range(0, Clients).Select(n => TalkAsync(n, proxy, directory.Path)));

        await using var log = await server.JoinAsync("auditor", Room);
        await log.UntilAsync(reader => reader.CaughtUp.Count > 0);
        Assert.Equal(Enumerable.Range(1, Clients * Each).Select(id => (long)id), log.Ids(Room));
        var stored = log.Messages.Select(message => (message.Id, message.Sender, message.Text)).ToList();
        Assert.All(seen, messages => Assert.Equal(stored, messages));
        for (var n = 0; n < Clients; n++)
        {
            Assert.Equal(
                Enumerable.Range(0, Each).Select(m => $"{m}"),
                stored.Where(message => message.Sender == $"user-{n}").Select(message => message.Text.Split(' ')[0]));
        }

        output.WriteLine(
            $"seed {seed}: {proxy.Cuts} cuts of {proxy.Accepted} connections, {storedBefore} acks of messages that an earlier attempt "
            + $"had stored, {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        Assert.InRange(proxy.Cuts, Cuts, int.MaxValue);

        // Otherwise the cuts came at moments when nothing was in transit.
        Assert.InRange(storedBefore, 20, int.MaxValue);
    }

    // Half of them have a state file, some have space for few events only, and some are slow.
    private async Task<List<(long Id, string Sender, string Text)>> TalkAsync(int n, LoopbackProxy proxy, string directory)
    {
        var options = LibraryTests.Quick(proxy.Address, $"user-{n}") with
        {
            StateStore = n % 2 == 0 ? new SqliteStateStore(Path.Combine(directory, $"{n}.db")) : null,
            MaxQueuedEvents = n % 3 == 0 ? 8 : 4096,
            MaxOutboxMessages = 100,
            FirstFrameTimeout = TimeSpan.FromSeconds(2),
        };
        await using var client = ChatClient.Open(options);
        var joining = client.JoinAsync(Room);
        var reading = ReadAsync(client, proxy, isSlow: n >= 3);

        // Each step waits for its share of the cuts, so that the storm does not come after everything is sent.
        for (var m = 0; m < Each; m++)
        {
            if (m % PerStep == 0)
            {
                await proxy.UntilCutsAsync(Cuts * m / Each).Soon();
            }

            await client.EnqueueAsync(Room, $"{m} {new string('x', m % 90)}").Soon();
        }

        await proxy.UntilCutsAsync(Cuts).Soon();
        await client.FlushAsync().Soon();
        var seen = await reading.Soon();
        await joining.Soon();
        Assert.Equal(0, client.OutboxCount);
        Assert.Empty(client.GetPendingMessages());
        return seen;
    }

    private async Task<List<(long Id, string Sender, string Text)>> ReadAsync(ChatClient client, LoopbackProxy proxy, bool isSlow)
    {
        var seen = new List<(long Id, string Sender, string Text)>();
        await foreach (var happened in client.ReadEventsAsync())
        {
            Assert.False(happened is RoomGap or RoomReset or RoomLeft or MessageRefused, $"{happened}");
            Assert.NotEqual(ProblemKind.WrongId, (happened as ConnectionChanged)?.Problem?.Kind);
            if (happened is MessageAcked { WasStoredBefore: true })
            {
                Interlocked.Increment(ref storedBefore);
            }

            if (happened is not MessageReceived { Message: var message })
            {
                continue;
            }

            seen.Add((message.Id, message.Sender, message.Text));
            if (seen.Count == Clients * Each)
            {
                break;
            }

            if (isSlow && seen.Count % 200 == 0)
            {
                await proxy.UntilCutsAsync(Math.Min(proxy.Cuts + 3, Cuts)).Soon();
            }
        }

        return seen;
    }
}
