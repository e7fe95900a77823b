using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Npgsql;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>What trimming and erasing do in the database, beside what every log does.</summary>
public sealed class PostgresRemovalTests() : Storage.MessageLogTest(Storage.LogKind.Postgres)
{
    [Fact]
    public async Task A_send_to_a_room_that_is_being_trimmed_is_stored_between_two_steps()
    {
        var log = Open();
        await StoreAsync(log, "room", 1_500);
        var held = Gate.HoldNext();
        var first = log.TrimAsync("room", 500, CancellationToken.None);
        await held.ReachedAsync();
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "new");
        await UntilWaitingAsync(1);
        Assert.False(ann.HasFailed, ann.Failure?.Message);
        var second = log.TrimAsync("room", 1_000, CancellationToken.None);
        await UntilWaitingAsync(2);
        var sendHeld = Gate.HoldNext();

        held.Release();

        await sendHeld.ReachedAsync();
        Assert.Single(Gate.Batches[^1]);
        Assert.Equal(501, (await first.WaitAsync(RecordingStream.Deadline)).Oldest);
        Assert.False(second.IsCompleted);
        sendHeld.Release();
        Assert.Equal(new RoomBounds(1_001, 1_501), await second.WaitAsync(RecordingStream.Deadline));
        Assert.Equal(1_501, Assert.Single(await ann.AnswersAsync(1)).Result.Id);
    }

    [Fact]
    public async Task Where_a_message_is_missing_nothing_is_removed_and_the_room_is_stopped()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        Execute("DELETE FROM grpcchat.message WHERE id = 3");

        var error = await Assert.ThrowsAsync<LogDamagedException>(() => log.TrimAsync("room", 5, CancellationToken.None));

        Assert.Equal("room room: of the messages 1 to 5, only 4 are there", error.Message);
        Assert.Equal((9L, 1L), (Execute("SELECT count(*) FROM grpcchat.message"), Execute("SELECT oldest_id FROM grpcchat.room")));
        Assert.Equal(error.Message, log.Health.ReadProblem);
        await Assert.ThrowsAsync<LogDamagedException>(() => log.BoundsAsync("room", CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_missing_message_is_damage_and_not_taken_for_a_removed_one()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        await log.TrimAsync("room", 4, CancellationToken.None);
        Execute("DELETE FROM grpcchat.message WHERE id = 5");

        Assert.False(await log.ReadAsync("room", 3, 10, new CollectingSink(), CancellationToken.None));
        var error = await Assert.ThrowsAsync<LogDamagedException>(
            () => log.ReadAsync("room", 4, 10, new CollectingSink(), CancellationToken.None).AsTask());

        Assert.Equal("room room: message 5 is missing, and 6 follows", error.Message);
    }

    [Fact]
    public async Task Neither_a_text_nor_its_hash_is_left_also_of_a_message_that_is_not_kept()
    {
        const string Hashes = "SELECT count(*) FROM grpcchat.sent_key WHERE content_hash <> decode(repeat('00', 16), 'hex')";
        var log = Open();
        await StoreAsync(log, "room", 10);
        await log.TrimAsync("room", 4, CancellationToken.None);

        await log.EraseAsync(MessagesToErase.WithIds("room", [5, 6]), null, CancellationToken.None);
        Assert.Equal((8L, 4L), (Execute(Hashes), Execute("SELECT count(*) FROM grpcchat.message WHERE text <> ''")));

        var summary = await log.EraseAsync(MessagesToErase.OfSender("ann"), null, CancellationToken.None);
        Assert.Equal((4, 2), (summary.Erased, summary.ErasedBefore));
        Assert.Equal((0L, 0L), (Execute(Hashes), Execute("SELECT count(*) FROM grpcchat.message WHERE text <> ''")));
        Assert.Contains("write-ahead log", summary.Traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_erasure_that_ends_early_says_how_far_it_came()
    {
        var log = Open();
        await StoreAsync(log, "room", 600);
        Gate.HoldNext().Release();
        Gate.FailNext(new StoreUnavailableException("the disk is full"));

        var error = await Assert.ThrowsAsync<LogMaintenanceException>(
            () => log.EraseAsync(MessagesToErase.OfSender("ann"), null, CancellationToken.None));

        Assert.Equal(
            "the texts of 500 messages were erased, and no more: the disk is full; run the command again when this is mended",
            error.Message);
        Assert.Equal(100L, Execute("SELECT count(*) FROM grpcchat.message WHERE text <> ''"));
        var summary = await log.EraseAsync(MessagesToErase.OfSender("ann"), null, CancellationToken.None);
        Assert.Equal((100, 500), (summary.Erased, summary.ErasedBefore));
    }

    [Fact]
    public async Task A_step_whose_connection_was_lost_is_done_once_all_the_same()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        foreach (var change in (Func<Task>[])[
            () => log.TrimAsync("room", 4, CancellationToken.None),
            () => log.EraseAsync(MessagesToErase.WithIds("room", [7]), null, CancellationToken.None)])
        {
            var held = Gate.HoldNext();
            var changing = change();
            await held.ReachedAsync();
            Execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()");
            held.Release();
            await changing.WaitAsync(RecordingStream.Deadline);
        }

        Assert.Equal((new RoomBounds(5, 10), new LogSize(1, 6)), (await log.BoundsAsync("room"), log.Size));
        Assert.Equal(5L, Execute("SELECT count(*) FROM grpcchat.message WHERE text <> ''"));
    }

    private object? Execute(string sql) => PostgresCluster.Execute(ConnectionString, sql);

    private static async Task StoreAsync(IMessageLog log, string room, int count)
    {
        var ann = new RecordingStream(log);
        for (var n = 1; n <= count; n++)
        {
            await ann.HandOverAsync(room, $"{n}", $"text {n}");
        }

        await ann.AnswersAsync(count);
    }

    private async Task UntilWaitingAsync(long count)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var waiting = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()", connection);
        for (var begun = TimeProvider.System.GetTimestamp(); (long)(await waiting.ExecuteScalarAsync())! < count; await Task.Delay(10))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < RecordingStream.Deadline, "Nobody waits.");
        }
    }
}
