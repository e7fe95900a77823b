using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>A row that is not what was stored is never delivered, and its room takes nothing more.</summary>
public sealed class RowChecksumTests : SqliteMessageLogTest
{
    [Theory]
    [InlineData("UPDATE message SET text = 'three' WHERE text = 'two'")]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE text = 'two'")]
    [InlineData("UPDATE message SET client_offset = 'x' WHERE text = 'two'")]
    [InlineData("UPDATE message SET sender_id = 2 WHERE text = 'two'")]
    [InlineData("UPDATE message SET sender_id = 99 WHERE text = 'two'")]
    [InlineData("UPDATE message SET checksum = checksum + 1 WHERE text = 'two'")]
    [InlineData("UPDATE message SET checksum = NULL WHERE text = 'two'")]
    [InlineData("UPDATE sender SET name = 'eve' WHERE name = 'ann'")]
    public async Task A_message_that_was_changed_is_not_delivered_and_its_room_takes_no_more(string change)
    {
        var log = await ChangedAsync(change);

        var error = await Assert.ThrowsAsync<LogDamagedException>(() => log.AllAsync("room"));
        Assert.Matches("room room: message [12] is (missing|not what was stored)", error.Message);
        Assert.Equal(error.Message, log.Health.ReadProblem);

        var ann = new RecordingStream(log, "carol");
        await ann.HandOverAsync("room", "new");
        await ann.FailureAsync();
        AssertFailedOnce(ann);
        Assert.Equal(error.Message, ann.Failure!.Message);
        Assert.False(log.Stopped.IsCompleted);
        Assert.Equal(AppendResult.Stored(2), await new RecordingStream(log, "carol").SendAsync("other", "new"));
    }

    [Theory]
    [InlineData("UPDATE sent_key SET id = 1 WHERE id = 2")]
    [InlineData("UPDATE sent_key SET content_hash = zeroblob(16) WHERE id = 2")]
    [InlineData("UPDATE sent_key SET checksum = NULL WHERE id = 2")]
    public async Task A_send_is_not_answered_from_a_client_offset_that_was_changed(string change)
    {
        var log = await ChangedAsync(change);
        var (ann, bob) = (new RecordingStream(log), new RecordingStream(log, "bob"));
        var hold = Gate.HoldNext();
        await new RecordingStream(log, "filler").HandOverAsync("filler", "1");
        await hold.ReachedAsync();

        // In one batch: what is in other rooms is stored.
        var other = await bob.HandOverAsync("other", "2");
        await ann.HandOverAsync("other", "3");
        await ann.HandOverAsync("room", "2", "two");
        hold.Release();
        await ann.FailureAsync();
        await bob.AnswerAsync(other);

        AssertFailedOnce(ann);
        Assert.IsType<LogDamagedException>(ann.Failure);
        Assert.Equal(AppendResult.Stored(2), other.Result);
        Assert.Contains("client offset 2 of ann", log.Health.ReadProblem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_offset_that_was_moved_to_a_room_that_does_not_exist_yet_fails_its_sender_and_not_the_log()
    {
        // The filler's room gets the number 3, and the next one 4. Its first message, of bob, makes it, in the same
        // batch.
        var log = await ChangedAsync("UPDATE sent_key SET room_id = 4 WHERE id = 2");
        var (ann, bob) = (new RecordingStream(log), new RecordingStream(log, "bob"));
        var hold = Gate.HoldNext();
        await new RecordingStream(log, "filler").HandOverAsync("filler", "1");
        await hold.ReachedAsync();
        var first = await bob.HandOverAsync("new", "1");
        await ann.HandOverAsync("new", "2", "two");
        hold.Release();
        await ann.FailureAsync();
        await bob.AnswerAsync(first);

        Assert.IsType<LogDamagedException>(ann.Failure);
        Assert.False(log.Stopped.IsCompleted);
        Assert.Equal(AppendResult.Stored(1), first.Result);
    }

    [Theory]
    [InlineData("UPDATE room SET head = 1 WHERE name = 'room'")]
    [InlineData("UPDATE room SET head = 3 WHERE name = 'room'")]
    [InlineData("UPDATE room SET oldest = 2 WHERE name = 'room'")]
    [InlineData("UPDATE room SET name = 'moor' WHERE name = 'room'")]
    [InlineData("UPDATE room SET checksum = NULL WHERE name = 'room'")]
    public async Task A_log_with_a_changed_row_of_a_room_is_refused(string change)
    {
        var error = await Assert.ThrowsAsync<LogOpenException>(() => ChangedAsync(change));

        Assert.Contains("is not what was stored; restore it from a backup", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_rooms_with_a_changed_row_is_not_delivered()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, "UPDATE room SET head = 7");
        }

        var error = await Assert.ThrowsAsync<LogDamagedException>(async () => await log.ListRoomsAsync("", 10, default));
        Assert.Contains("the row of room room is not what was stored", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE text = 'two'")]
    [InlineData("UPDATE message SET checksum = NULL WHERE text = 'two'")]
    [InlineData("UPDATE message SET sender_id = 99 WHERE text = 'two'")]
    public async Task A_list_of_rooms_has_no_time_of_a_message_that_was_changed(string change)
    {
        var log = await ChangedAsync(change);

        var rooms = await log.ListRoomsAsync("", 10, default);

        Assert.Equal([("other", false), ("room", true)], rooms.Select(room => (room.Name, room.LastSentAt is null)));
    }

    [Fact]
    public async Task A_log_of_version_1_gets_checksums_and_a_witness_and_keeps_everything()
    {
        Directory.CreateDirectory(DataDirectory);
        using (var old = Connect())
        {
            SqliteLogFile.Execute(old, Version1);
        }

        var log = Open();
        Assert.Equal("0123456789abcdef0123456789abcdef", log.LogId);
        Assert.Equal(["one", "two é"], await log.TextsAsync("room"));
        Assert.Equal(AppendResult.Found(2), await new RecordingStream(log, "bob").SendAsync("room", "b", "two é"));
        Assert.Equal(AppendResult.Stored(3), await new RecordingStream(log, "bob").SendAsync("room", "c", "three"));
        await CloseAsync(log);
        Assert.Equal(new HeadWitness(log.LogId, 3), HeadWitness.Read(DatabasePath));

        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, "UPDATE message SET text = 'none' WHERE text = 'one'");
        }

        await Assert.ThrowsAsync<LogDamagedException>(() => Open().AllAsync("room"));
    }

    // As a service of version 1 left it.
    private static string Version1 => string.Create(CultureInfo.InvariantCulture, $"""
        PRAGMA journal_mode = WAL;
        PRAGMA application_id = {SqliteSchema.ApplicationId};
        PRAGMA user_version = 1;
        CREATE TABLE log (log_id TEXT NOT NULL) STRICT;
        CREATE TABLE room (
            room_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, oldest INTEGER NOT NULL, head INTEGER NOT NULL) STRICT;
        CREATE TABLE sender (sender_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE message (
            position INTEGER PRIMARY KEY, sender_id INTEGER NOT NULL, sent_at INTEGER NOT NULL, client_offset TEXT NOT NULL,
            text TEXT NOT NULL) STRICT;
        CREATE TABLE sent_key (
            room_id INTEGER NOT NULL, sender_id INTEGER NOT NULL, client_offset TEXT NOT NULL, id INTEGER NOT NULL,
            content_hash BLOB NOT NULL, PRIMARY KEY (sender_id, client_offset, room_id)) STRICT, WITHOUT ROWID;
        INSERT INTO log VALUES ('0123456789abcdef0123456789abcdef');
        INSERT INTO room VALUES (1, 'room', 1, 2);
        INSERT INTO sender VALUES (1, 'ann'), (2, 'bob');
        INSERT INTO message VALUES ((1 << 40) + 1, 1, 1000, 'a', 'one'), ((1 << 40) + 2, 2, 2000, 'b', 'two é');
        INSERT INTO sent_key VALUES
            (1, 1, 'a', 1, x'7692c3ad3540bb803c020b3aee66cd88'), (1, 2, 'b', 2, x'{HashOf("two é")}');
        """);

    private static string HashOf(string text) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    // A log with two senders and two rooms, which is changed while it is closed, and opened again.
    private async Task<IMessageLog> ChangedAsync(string change)
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");
        await new RecordingStream(log).SendAsync("room", "2", "two");
        await new RecordingStream(log, "bob").SendAsync("other", "1", "elsewhere");
        await CloseAsync(log);
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, change);
        }

        return Open();
    }
}
