using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// A log that can no longer be trusted: the service reports it and does not continue as if nothing had happened.
/// </summary>
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
    public async Task A_missing_message_ends_the_stream_with_DATA_LOSS_instead_of_a_silent_gap()
    {
        using var data = new TempDirectory();
        await using (var before = await ChatServer.StartAsync(directory: data.Path))
        {
            await before.FillAsync("lobby", 5);
        }

        using (var connection = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM message WHERE position & 0xffff = 3";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        await using var server = await ChatServer.StartAsync(directory: data.Path);
        server.ExpectErrors();
        await using var reader = server.Open("reader");

        Assert.Equal(StatusCode.DataLoss, (await reader.ToEndAsync()).StatusCode);
        Assert.DoesNotContain(reader.Ids(), id => id > 2);
    }
}
