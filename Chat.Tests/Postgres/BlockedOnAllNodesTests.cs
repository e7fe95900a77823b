using Grpc.Core;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>Who is blocked on one node of a cluster is blocked on all.</summary>
public sealed class BlockedOnAllNodesTests
{
    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    [Fact]
    public async Task A_blocked_sender_is_sent_away_by_every_node_and_may_come_back_to_any_when_unblocked()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using var onA = await OpenAsync(a, "ann");
        await using var onB = await OpenAsync(b, "ann");
        await using var bob = await OpenAsync(b, "bob");

        Assert.True(await PostgresBlockedSenders.BlockAsync(database, "ann"));
        Assert.False(await PostgresBlockedSenders.BlockAsync(database, "ann"));

        foreach (var call in (ChatCall[])[onA, onB])
        {
            Assert.Equal(StatusCode.PermissionDenied, (await call.ToEndAsync()).StatusCode);
            Assert.Equal((GoAway.Types.Why.Banned, "BANNED"), (call.GoAway!.Why, call.Error!.Reason));
        }

        Assert.Equal(["ann"], await PostgresBlockedSenders.ReadAsync(database));
        await using (var again = Open(b, "ann"))
        {
            Assert.Equal(StatusCode.PermissionDenied, (await again.ToEndAsync()).StatusCode);
        }

        Assert.True(await PostgresBlockedSenders.UnblockAsync(database, "ann"));
        Assert.False(await PostgresBlockedSenders.UnblockAsync(database, "ann"));
        await UntilLetInAsync(a, "ann");
        await UntilLetInAsync(b, "ann");
        await bob.SendManyAsync("lobby", [("k", "still here")]);
    }

    [Fact]
    public async Task A_node_that_starts_knows_who_is_blocked_before_anybody_can_call()
    {
        await PostgresBlockedSenders.BlockAsync(database, "ann");
        await using var node = await StartNodeAsync();
        await using var call = Open(node, "ann");

        Assert.Equal(StatusCode.PermissionDenied, (await call.ToEndAsync()).StatusCode);
    }

    [Fact]
    public async Task A_block_of_which_no_hint_arrives_is_found_by_the_next_look()
    {
        await using var node = await StartNodeAsync();
        await using var ann = await OpenAsync(node, "ann");

        PostgresCluster.Execute(database, "INSERT INTO grpcchat.blocked_sender VALUES ('ann')");

        Assert.Equal(StatusCode.PermissionDenied, (await ann.ToEndAsync()).StatusCode);
    }

    [Fact]
    public async Task The_command_asks_the_running_node_where_the_list_is_and_reaches_all_nodes()
    {
        using var dataA = new TempDirectory();
        using var dataB = new TempDirectory();
        await using var a = await ServiceProcess.StartAsync(dataA.Path, environment: [("CHAT_LOG", database)]);
        await using var b = await ServiceProcess.StartAsync(dataB.Path, environment: [("CHAT_LOG", database)]);
        using var channel = b.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.UntilAsync(c => c.Joined.Count == 1);

        Assert.Equal((0, "", ""), await ServiceProcess.RunAsync(["block", "ann", "--data", dataA.Path]));
        Assert.Equal(StatusCode.PermissionDenied, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal((0, "ann\n", ""), await ServiceProcess.RunAsync(["blocked", "--log", database]));
        Assert.Equal((0, "ann\n", ""), await ServiceProcess.RunAsync(["blocked", "--data", dataB.Path]));
        Assert.Equal((0, "", ""), await ServiceProcess.RunAsync(["unblock", "ann"], ("CHAT_LOG", database)));
        Assert.Equal(
            (2, "", "chat service: 'ann' is not blocked\n"), await ServiceProcess.RunAsync(["unblock", "ann", "--data", dataB.Path]));
        Assert.False(File.Exists(Path.Combine(dataA.Path, BlockedSendersFile.Name)));
    }

    [Fact]
    public async Task A_node_that_is_stopped_has_no_list_in_its_directory()
    {
        using var data = new TempDirectory();
        await using (var node = await ServiceProcess.StartAsync(data.Path, environment: [("CHAT_LOG", database)]))
        {
            await node.TerminateAsync();
        }

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["block", "ann", "--data", data.Path]);

        Assert.Equal(2, exitCode);
        Assert.Contains($"there is no message log in '{data.Path}', and no service runs there", errors, StringComparison.Ordinal);
        Assert.Contains("--log", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_was_in_a_file_before_the_log_was_moved_is_not_dropped_without_a_word()
    {
        using var data = new TempDirectory();
        var file = Path.Combine(data.Path, BlockedSendersFile.Name);
        BlockedSendersFile.Change(file, _ => ["ann"]);
        await using var node = await ServiceProcess.StartAsync(data.Path, environment: [("CHAT_LOG", database)]);

        var (_, errors, _) = await node.TerminateAsync();

        Assert.Contains($"ignored: {file}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_of_rooms_of_each_node_has_the_rooms_of_all_at_once()
    {
        await using var a = await ChatServer.StartAsync(openLog: _ => PostgresMessageLog.Open(database));
        await using var b = await ChatServer.StartAsync(openLog: _ => PostgresMessageLog.Open(database));
        for (var n = 1; n <= 20; n++)
        {
            await a.SendOnceAsync("ann", $"room-{n:00}", "k", "x");

            var rooms = (await b.Client("bob").ListRoomsAsync(new() { PageSize = 100 })).Rooms;
            Assert.Equal((n, $"room-{n:00}"), (rooms.Count, rooms[^1].Name));
        }
    }

    private static ChatCall Open(ChatServer node, string user) => new(node.OpenChannel(), TestAuthentication.Header, user);

    private static async Task<ChatCall> OpenAsync(ChatServer node, string user)
    {
        var call = Open(node, user);
        await call.UntilAsync(c => c.Joined.Count == 1);
        return call;
    }

    // The node hears of it a moment later.
    private static async Task UntilLetInAsync(ChatServer node, string user)
    {
        using var deadline = new CancellationTokenSource(ChatCall.Deadline);
        while (true)
        {
            try
            {
                await using var call = await OpenAsync(node, user);
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.PermissionDenied)
            {
                await Task.Delay(20, deadline.Token);
            }
        }
    }

    private Task<ChatServer> StartNodeAsync() =>
        ChatServer.StartAsync(openLog: _ => PostgresMessageLog.Open(database), addServices: TestAuthentication.Add);
}
