using System.Text.Json;
using Grpc.Core;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>
/// <c>chat history</c>, <c>chat rooms</c> and <c>chat status</c>, as child processes, against the real service.
/// </summary>
public sealed class QueryCommandTests
{
    [Fact]
    public async Task History_writes_the_newest_messages_or_those_before_an_id()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 2500);

        var newest = await RunAsync(server, "history", "--limit", "3", "--json");
        var before = await RunAsync(server, "history", "--limit", "2000", "--before", "2400", "--json");
        var all = await RunAsync(server, "history", "--limit", "100000", "--json");

        Assert.Equal([2498, 2499, 2500], newest.Output.Select(GetId));
        Assert.Equal(Enumerable.Range(400, 2000), before.Output.Select(GetId));
        Assert.Equal(Enumerable.Range(1, 2500), all.Output.Select(GetId));
    }

    [Fact]
    public async Task The_first_word_of_a_line_of_history_and_tail_is_the_id_that_before_and_since_take()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 120);

        var pages = await ClientShell.RunAsync("""
            chat history --limit 2
            chat history --limit 2 --before "$(chat history --limit 2 | head -1 | cut -d' ' -f1)"
            chat tail --since "$(chat history --limit 2 | head -1 | cut -d' ' -f1)" | head -1
            """, server.Address);

        Assert.Equal(["119", "120", "117", "118", "120"], pages.Output.Select(line => line.Split(' ')[0]));
        Assert.Matches(@"^119 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d filler: 119 $", pages.Output[0]);
    }

    [Fact]
    public async Task Rooms_and_status_show_what_the_service_has()
    {
        await using var server = await ChatServer.StartAsync();
        var empty = await RunAsync(server, "status");
        await server.SendOnceAsync("ann", "ops", "k", "one");
        await server.SendOnceAsync("ann", "dev", "k", "two");

        var rooms = await RunAsync(server, "rooms");
        var json = await RunAsync(server, "rooms", "--json");
        var status = await RunAsync(server, "status");

        Assert.Equal("rooms    0", empty.Output[^1]);
        Assert.Equal(["dev\t1", "ops\t1"], rooms.Output.Select(line => line[..line.LastIndexOf('\t')]));
        Assert.Equal(["dev", "ops"], json.Output.Select(line => Room.Parser.ParseJson(line).Name));
        Assert.Equal((0, "state    serving"), (status.ExitCode, status.Output[1]));
        Assert.StartsWith("rooms    2, newest message ", status.Output[^1], StringComparison.Ordinal);
        Assert.EndsWith(" in dev", status.Output[^1], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Log", "sqlite")]
    public async Task Status_tells_reading_from_storing_and_ends_with_1_if_one_fails()
    {
        using var data = new TempDirectory();
        await using var server = await ChatServer.StartAsync(
            options => options.LockTimeout = TimeSpan.FromMilliseconds(100), data.Path);
        server.ExpectErrors();
        await server.SendOnceAsync("ann", "ops", "k", "one");
        using var other = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False");
        other.Open();

        SqliteLogFile.Execute(other, "BEGIN IMMEDIATE");
        await Assert.ThrowsAsync<RpcException>(() => server.SendOnceAsync("ann", "ops", "l", "two"));
        var locked = await RunAsync(server, "status");
        SqliteLogFile.Execute(other, "ROLLBACK; DELETE FROM message");
        await Assert.ThrowsAsync<RpcException>(async () => await server.Client("ann").ListMessagesAsync(new() { Room = "ops" }));
        var damaged = await RunAsync(server, "status");
        var json = await RunAsync(server, "status", "--json");

        Assert.Equal((1, "state    not serving: it cannot store messages now"), (locked.ExitCode, locked.Output[1]));
        Assert.Equal((1, false), (damaged.ExitCode, JsonDocument.Parse(json.Output[0]).RootElement.GetProperty("canRead").GetBoolean()));
        Assert.StartsWith("state    not serving: it can", damaged.Output[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_as_JSON_has_a_member_for_everything_that_it_shows()
    {
        await using var server = await ChatServer.StartAsync();
        var empty = JsonDocument.Parse(Assert.Single((await RunAsync(server, "status", "--json")).Output)).RootElement;
        await server.SendOnceAsync("ann", "ops", "k", "one");

        var result = await RunAsync(server, "status", "--json");

        var status = JsonDocument.Parse(Assert.Single(result.Output)).RootElement;
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            ["addresses", "serving", "canRead", "canSend", "latencyMs", "logId", "rooms", "newestRoom", "newestMessageAt"],
            status.EnumerateObject().Select(member => member.Name));
        Assert.Equal([$"{server.Address.GetLeftPart(UriPartial.Authority)}/"], status.GetProperty("addresses").EnumerateArray().Select(one => one.GetString()));
        Assert.True(status.GetProperty("serving").GetBoolean());
        Assert.InRange(status.GetProperty("latencyMs").GetDouble(), 0.1, 60_000);
        Assert.Equal(server.LogId, status.GetProperty("logId").GetString());
        Assert.Equal((0, 1), (empty.GetProperty("rooms").GetInt32(), status.GetProperty("rooms").GetInt32()));
        Assert.Equal(JsonValueKind.Null, empty.GetProperty("newestRoom").ValueKind);
        Assert.Equal("ops", status.GetProperty("newestRoom").GetString());
        Assert.Equal(
            (await ReadHistoryAsync(server, "ops"))[0].SentAt.ToDateTime(), status.GetProperty("newestMessageAt").GetDateTime());
    }
}
