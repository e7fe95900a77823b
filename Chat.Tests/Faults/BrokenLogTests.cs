using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// A log that can no longer be trusted: the service reports it and does not continue as if nothing had happened.
/// </summary>
[Trait("Log", "sqlite")]
public sealed class BrokenLogTests
{
    [Fact]
    public async Task An_error_of_unknown_outcome_ends_every_sender_and_stops_the_service()
    {
        await using var server = await ChatServer.StartAsync(beforeCommit: batch =>
        {
            if (batch.Any(append => append.ClientOffset == "fatal"))
            {
                throw new IOException("the disk does not respond");
            }
        });
        server.ExpectErrors();
        await using var ann = await server.JoinAsync("ann");
        await ann.SendAsync("before", "stored");
        await ann.UntilAsync(c => c.Acks.Count == 1 && c.Messages.Count == 1);

        await ann.SendAsync("fatal", "nobody knows");

        Assert.Equal(StatusCode.Unavailable, (await ann.ToEndAsync()).StatusCode);
        Assert.Equal(GoAway.Types.Why.StoreUnavailable, ann.GoAway!.Why);
        Assert.Single(ann.Acks);
        Assert.Single(ann.Messages);
        await server.Stopped.WaitAsync(ChatCall.Deadline);
        Assert.True(server.Log.Stopped.IsFaulted);
    }

    [Fact]
    public async Task A_send_to_a_room_that_was_found_damaged_ends_with_DATA_LOSS_and_other_rooms_go_on()
    {
        using var data = new TempDirectory();
        await using (var before = await ChatServer.StartAsync(directory: data.Path))
        {
            await before.FillAsync("lobby", 5);
        }

        Change(data, "UPDATE message SET text = 'changed' WHERE position & 0xffff = 3");
        await using var server = await ChatServer.StartAsync(directory: data.Path);
        server.ExpectErrors();
        await using var sender = await server.JoinAsync("sender", "ops");
        await using var reader = server.Open("reader");
        Assert.Equal(StatusCode.DataLoss, (await reader.ToEndAsync()).StatusCode);
        Assert.DoesNotContain(reader.Messages, message => message.Text == "changed");

        await sender.SendAsync("k", "text", "lobby");

        Assert.Equal(StatusCode.DataLoss, (await sender.ToEndAsync()).StatusCode);
        Assert.Empty(sender.Acks);
        var unary = await Assert.ThrowsAsync<RpcException>(() => server.SendOnceAsync("ann", "lobby", "k", "text"));
        Assert.Equal(StatusCode.DataLoss, unary.StatusCode);
        Assert.Equal(1, (await server.SendOnceAsync("ann", "ops", "k", "text")).Id);
    }

    [Fact]
    public async Task A_missing_message_ends_the_stream_with_DATA_LOSS_instead_of_a_silent_gap()
    {
        using var data = new TempDirectory();
        await using (var before = await ChatServer.StartAsync(directory: data.Path))
        {
            await before.FillAsync("lobby", 5);
        }

        Change(data, "DELETE FROM message WHERE position & 0xffff = 3");
        await using var server = await ChatServer.StartAsync(directory: data.Path);
        server.ExpectErrors();
        await using var reader = server.Open("reader");

        Assert.Equal(StatusCode.DataLoss, (await reader.ToEndAsync()).StatusCode);
        Assert.DoesNotContain(reader.Ids(), id => id > 2);
    }

    private static void Change(TempDirectory data, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
