using System.Diagnostics;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Processes that use the client library, each killed 50 times with SIGKILL while it has work left.</summary>
public sealed class KilledProcessTests : IDisposable
{
    private const int Messages = 1000;
    private const int Kills = 50;
    private const string Room = "jobs";

    // How many steps a process can take between the line after which it is to be killed and its death. It is the number
    // of places in a sender's outbox, because what it has noted can be that far ahead of what is stored.
    private const int StepsUntilKilled = 8;

    private readonly TempDirectory temp = new();

    private string StatePath => Path.Combine(temp.Path, "state.db");

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task A_sender_that_is_killed_50_times_sends_1000_messages_once_and_in_order(int seed, bool notesNumbers)
    {
        var random = new Random(seed);
        await using var server = await ChatServer.StartAsync();
        string[] Arguments(int pause) =>
        [
            "send", server.Address.ToString(), StatePath, Room, $"{Messages}", $"{pause}",
            notesNumbers ? Path.Combine(temp.Path, "notes") : "keys",
        ];
        var (unsent, unanswered) = (0, 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            var stored = await StoredAsync(server);
            Assert.True(stored.Count < Messages, $"Kill {kill} found no work left.");
            var steps = random.Next(MaxSteps(Messages - stored.Count, kill));
            var lines = (notesNumbers ? 0 : stored.Count) + steps;
            var progress = kill % 2 == 0 ? "enqueued" : "acked";
            await using var sender = WorkerProcess.Start(Arguments(stored.Count + steps + StepsUntilKilled));
            Assert.True(await RunAndKillAsync(sender, progress, lines, random), $"Kill {kill} came too late: {sender.Lines.LastOrDefault()}");

            // What the killed process left in its file: messages that were not stored yet, and stored ones without
            // their answer.
            stored = await StoredAsync(server);
            Assert.True(stored.Count < Messages, $"Kill {kill} came too late.");
            var keys = stored.Select(message => message.ClientOffset).ToHashSet();
            var kept = Query("SELECT client_offset FROM chat_outbox");
            unsent += kept.Exists(key => !keys.Contains(key)) ? 1 : 0;
            unanswered += kept.Exists(keys.Contains) ? 1 : 0;
        }

        await using (var last = WorkerProcess.Start(Arguments(0)))
        {
            Assert.Equal(0, await last.ToEndAsync());
        }

        var room = await StoredAsync(server);
        Assert.Equal(Enumerable.Range(1, Messages).Select(n => $"{n}"), room.Select(message => message.Text));
        Assert.Equal(Enumerable.Range(1, Messages).Select(id => (long)id), room.Select(message => message.Id));
        Assert.Empty(Query("SELECT client_offset FROM chat_outbox"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Kills} kills; {unsent} left messages that were not stored, {unanswered} such as were, without their answer.");
        Assert.True(unanswered > 0, "No kill hit between a message and its answer.");
    }

    [Fact]
    public async Task A_receiver_that_is_killed_50_times_applies_every_effect_once_and_in_order()
    {
        var random = new Random(3);
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync(Room, Messages);
        string[] Arguments(int pause) => ["apply", server.Address.ToString(), StatePath, Room, $"{Messages}", $"{pause}"];
        var between = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var applied = Applied().Count;
            Assert.True(applied < Messages, $"Kill {kill} found no work left.");
            var steps = random.Next(MaxSteps(Messages - applied, kill));
            await using var receiver = WorkerProcess.Start(Arguments(applied + steps + StepsUntilKilled));
            Assert.True(await RunAndKillAsync(receiver, "applied", steps, random), $"Kill {kill} came too late.");
            Assert.True(Applied().Count < Messages, $"Kill {kill} came too late.");
            between += receiver.Lines.LastOrDefault("").StartsWith("received", StringComparison.Ordinal) ? 1 : 0;
        }

        await using (var last = WorkerProcess.Start(Arguments(0)))
        {
            Assert.Equal(0, await last.ToEndAsync());
        }

        Assert.Equal((await StoredAsync(server)).Select(message => $"{message.Id} {message.Text}"), Applied());
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} kills; {between} between a message and its effect.");
        Assert.True(between > 0, "No kill hit between a message and the return of its effect.");
    }

    // Few enough that every kill finds work left.
    private static int MaxSteps(int workLeft, int kill) => Math.Max(1, workLeft / (Kills + 20 - kill));

    // One process in ten is killed while it starts; the others after this many lines of progress and up to 3 ms more.
    private static async Task<bool> RunAndKillAsync(WorkerProcess process, string progress, int lines, Random random)
    {
        if (random.Next(10) == 0)
        {
            Spin(TimeSpan.FromMilliseconds(random.Next(300)));
            return await process.KillAsync();
        }

        await process.UntilItSaysAsync("open");
        while (lines > 0 && await process.ReadLineAsync() is { } line)
        {
            lines -= line.StartsWith(progress, StringComparison.Ordinal) ? 1 : 0;
        }

        Spin(TimeSpan.FromMilliseconds(3 * random.NextDouble()));
        return await process.KillAsync();
    }

    // A random moment, not a wait: whatever has happened by then, the test must hold.
    private static void Spin(TimeSpan time)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < time;)
        {
            Thread.Yield();
        }
    }

    private static async Task<IList<Message>> StoredAsync(ChatServer server)
    {
        var page = await server.Client("reader").ListMessagesAsync(
            new ListMessagesRequest { Room = Room, AfterId = 0, PageSize = Messages });
        Assert.True(page.HeadId <= Messages, $"{page.HeadId} messages are stored.");
        return page.Messages;
    }

    private List<string> Applied() =>
        Query("SELECT name FROM sqlite_schema WHERE name = 'effect'").Count == 0
            ? []
            : Query("SELECT id || ' ' || text FROM effect ORDER BY place");

    private List<string> Query(string sql)
    {
        if (!File.Exists(StatePath) || new FileInfo(StatePath).Length == 0)
        {
            return [];
        }

        var rows = new List<string>();
        using var connection = new SqliteConnection($"Data Source={StatePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            rows.Add(row.GetString(0));
        }

        return rows;
    }
}
