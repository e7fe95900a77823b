using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What an effect may call, and what it would wait for in vain.</summary>
public sealed class EffectTests : LibraryTest
{
    public static TheoryData<string> OwnCalls { get; } =
        ["SendAsync", "EnqueueAsync", "CommitAsync", "CommitAsync with an effect", "FlushAsync", "DisposeAsync", "Dispose"];

    [Theory]
    [MemberData(nameof(OwnCalls))]
    public async Task An_effect_that_calls_its_own_client_throws_instead_of_waiting_for_itself(string call)
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 2);
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        _ = client.JoinAsync("ops");
        var received = await ReadAsync<MessageReceived>(client, 2);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            client.CommitAsync(received[0].Message, async (_, _) =>
            {
                await Task.Yield();
                await CallAsync(client, call, received[1].Message);
            }).WaitAsync(ChatCall.Deadline));

        var method = call == "Dispose" ? "DisposeAsync" : call.Split(' ')[0];
        Assert.Contains($"must not call {method} of its own client", error.Message, StringComparison.Ordinal);
        Assert.Contains("after CommitAsync has returned", error.Message, StringComparison.Ordinal);
        Assert.True(await client.CommitAsync(received[0].Message, (_, _) => { }).WaitAsync(ChatCall.Deadline));
    }

    [Fact]
    public async Task An_effect_may_call_another_client_and_what_it_leaves_behind_its_own_when_it_is_over()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 1);
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        await using var other = ChatClient.Open(Options(server) with
        {
            StateStore = new SqliteStateStore(Path.Combine(Directory, "other.db")),
        });
        _ = client.JoinAsync("ops");
        var received = await ReadAsync<MessageReceived>(client);
        var isOver = new TaskCompletionSource();
        Task? left = null;

        var committed = await client.CommitAsync(received.Message, async (_, _) =>
        {
            left = LaterAsync();
            await other.SendAsync("ops", "from the effect");
        }).WaitAsync(ChatCall.Deadline);
        isOver.SetResult();
        await left!.WaitAsync(ChatCall.Deadline);

        Assert.True(committed);
        Assert.Equal(3, (await client.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline)).HeadId);

        async Task LaterAsync()
        {
            await isOver.Task;
            await client.SendAsync("ops", "from what it left behind");
        }
    }

    [Fact]
    public async Task An_effect_can_be_written_for_any_database()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 1);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client);
            Assert.True(await client.CommitAsync(received.Message, async transaction =>
            {
                await using var command = transaction.Connection!.CreateCommand();
                command.Transaction = transaction;
                command.CommandText = "CREATE TABLE noted (id TEXT); INSERT INTO noted VALUES ('1')";
                await command.ExecuteNonQueryAsync();
            }).WaitAsync(ChatCall.Deadline));
        }

        Assert.Equal(["1"], Query("SELECT id FROM noted"));
    }

    private static async Task CallAsync(ChatClient client, string call, ChatMessage message)
    {
        switch (call)
        {
            case "SendAsync": await client.SendAsync("ops", "text"); break;
            case "EnqueueAsync": await client.EnqueueAsync("ops", "text"); break;
            case "CommitAsync": await client.CommitAsync(message); break;
            case "CommitAsync with an effect": await client.CommitAsync(message, (_, _) => { }); break;
            case "FlushAsync": await client.FlushAsync(); break;
            case "DisposeAsync": await client.DisposeAsync(); break;
            case "Dispose": client.Dispose(); break;
        }
    }
}
