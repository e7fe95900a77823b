using System.Globalization;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>What the interactive client knows of its last run: its rooms, and what the user has seen in them.</summary>
public sealed class TerminalRestartTests : IDisposable
{
    private const string Rule = " new since you left ";
    private readonly TempDirectory state = new();
    private readonly TempDirectory data = new();

    public void Dispose()
    {
        state.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task Joined_rooms_are_joined_again_and_what_was_not_seen_in_them_is_new()
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("bob", "lobby", "1", "seen in the lobby");
        await server.SendOnceAsync("bob", "ops", "1", "seen in ops");
        await using (var ann = await TmuxTerminal.ChatAsync(server.Address, "ann", state.Path))
        {
            await ann.EnterAsync("/join dev");
            await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby  2 dev", StringComparison.Ordinal));
            await ann.EnterAsync("/join ops");
            await ann.UntilAsync(screen => screen.Shows("seen in ops"));
            await ann.EnterAsync("/leave dev");
            await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));
            await ann.PressAsync("M-1");
            await ann.UntilAsync(screen => screen.Shows("seen in the lobby"));
            await server.SendOnceAsync("bob", "ops", "2", "never looked at");
            await ann.UntilAsync(screen => screen.Status.EndsWith("  2 ops +1", StringComparison.Ordinal));
            await QuitAsync(ann);
        }

        await server.SendOnceAsync("bob", "ops", "3", "sent while ann was away");
        await server.SendOnceAsync("bob", "lobby", "2", "news in the lobby");

        await using var again = await TmuxTerminal.ChatAsync(server.Address, "ann", state.Path);
        var lobby = await again.UntilAsync(screen => screen.Status.EndsWith("  1 lobby  2 ops +2", StringComparison.Ordinal)
            && screen.Shows("news in the lobby") && screen.Shows("seen in the lobby"));
        AssertInOrder(lobby, "seen in the lobby", Rule, "news in the lobby");
        await again.PressAsync("M-2");
        var ops = await again.UntilAsync(screen => screen.Shows("sent while ann was away") && screen.Shows("seen in ops"));
        AssertInOrder(ops, "seen in ops", Rule, "never looked at", "sent while ann was away");

        // Now everything has been seen.
        await QuitAsync(again);
        await again.StartChatAsync(server.Address, "ann");
        await again.UntilAsync(screen => screen.Shows("news in the lobby") && !screen.Shows(Rule)
            && screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_room_that_was_left_is_not_joined_again_unless_it_is_named()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann", state.Path);
        await ann.EnterAsync("/join ops");
        await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));
        await ann.EnterAsync("/leave lobby");
        await ann.UntilAsync(screen => screen.Status.EndsWith("   1 ops", StringComparison.Ordinal));
        await QuitAsync(ann);

        await ann.StartChatAsync(server.Address, "ann");
        await ann.UntilAsync(screen => screen.IsConnected && screen.Status.EndsWith("   1 ops", StringComparison.Ordinal));
        await QuitAsync(ann);

        await ann.EnterAsync($"chat --address {server.Address} --user ann --room lobby");
        await ann.UntilAsync(screen => screen.IsConnected && screen.Status.EndsWith("   1 ops  2 lobby", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_was_killed_remembers_what_was_on_its_screen()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 30);
        await using (var ann = await TmuxTerminal.ChatAsync(server.Address, "ann", state.Path))
        {
            await server.SendOnceAsync("bob", "lobby", "1", "seen in time");
            await ann.UntilAsync(screen => screen.Shows("seen in time"));
            await UntilKeptAsync(31);
            await ann.SignalAsync("KILL");
        }

        await server.SendOnceAsync("bob", "lobby", "2", "news");
        await using var again = await TmuxTerminal.ChatAsync(server.Address, "ann", state.Path);
        AssertInOrder(await again.UntilAsync(screen => screen.Shows("news") && screen.Shows("seen in time")), "seen in time", Rule, "news");
    }

    [Fact]
    public async Task After_a_restore_of_the_service_its_whole_log_is_not_counted_as_new()
    {
        const int Count = 5_000;
        using var other = new TempDirectory();
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            await using var ann = await TmuxTerminal.ChatAsync(service.Address, "ann", state.Path);
            await ann.EnterAsync("/join ops");
            await ann.EnterAsync("before");
            await ann.UntilAsync(screen => screen.Shows("ann ✓ before"));
            await ann.PressAsync("M-1");
            await QuitAsync(ann);
            await service.DisposeAsync();
            service = await ServiceProcess.StartAsync(other.Path, service.Address.Authority);
            var lines = string.Join('\n', Enumerable.Range(1, Count).Select(n => $"line {n}"));
            await ClientProcess.RunAsync(
                ["send", "--address", $"{service.Address}", "--room", "ops", "--user", "bob"],
                System.Text.Encoding.UTF8.GetBytes(lines));

            await ann.StartChatAsync(service.Address, "ann");
            await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby  2 ops +1", StringComparison.Ordinal));
            await ann.PressAsync("M-2");
            await ann.UntilAsync(screen => screen.Shows($"line {Count}")
                && screen.Shows($"the {Count.ToString("N0", CultureInfo.InvariantCulture)} messages above come from a different log"));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    private static async Task QuitAsync(TmuxTerminal terminal)
    {
        await terminal.EnterAsync("/quit");
        await terminal.UntilAsync(screen => screen.Rows is [.., "$"]);
    }

    private static void AssertInOrder(TerminalScreen screen, params string[] parts)
    {
        int[] rows = [.. parts.Select(part => Array.FindIndex(screen.Rows, row => row.Contains(part, StringComparison.Ordinal)))];
        Assert.True(rows[0] >= 0 && rows.SequenceEqual(rows.Order().Distinct()), string.Join('\n', screen.Rows));
    }

    private async Task UntilKeptAsync(long id)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!FindKept().Contains(id))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, $"The position is not {id}.");
            await Task.Delay(20);
        }
    }

    // The file is locked for other clients, but can be read.
    private IEnumerable<long> FindKept()
    {
        foreach (var path in Directory.EnumerateFiles(state.Path, "*.state", SearchOption.AllDirectories))
        {
            using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT id FROM chat_position";
            using var row = command.ExecuteReader();
            while (row.Read())
            {
                yield return row.GetInt64(0);
            }
        }
    }
}
