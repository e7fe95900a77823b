using System.Text;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>A log that is moved from files to PostgreSQL and back is the same log.</summary>
public sealed class MoveTests : IDisposable
{
    private readonly TempDirectory temp = new();
    private readonly string connectionString = PostgresCluster.Shared.CreateDatabase();

    private MessageLogDirectory Source => new(Path.Combine(temp.Path, "source"));

    private MessageLogDirectory Back => new(Path.Combine(temp.Path, "back"));

    private MessageLogDatabase Database => new(connectionString);

    private string? DatabaseName => new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Database;

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task Everything_arrives_in_PostgreSQL_and_comes_back_with_the_same_bytes()
    {
        await CreateSourceAsync();
        var export = Export(Source);

        Database.Import(new MemoryStream(export));
        Assert.Empty(ProblemsOf(Database));
        Assert.Null(Source.FindDifference(Database));
        Assert.Equal(export, Export(Database));

        Back.Import(new MemoryStream(Export(Database)));
        Assert.Null(Back.FindDifference(Source));
        Assert.Equal(export, Export(Back));
    }

    [Fact]
    public async Task Client_offsets_of_kept_trimmed_and_erased_messages_stay_used_and_ids_go_on()
    {
        string logId;
        await CreateSourceAsync();
        await using (var before = SqliteMessageLog.Open(Source.Path))
        {
            logId = before.LogId;
        }

        Database.Import(new MemoryStream(Export(Source)));

        await using var log = PostgresMessageLog.Open(connectionString);
        var ann = new RecordingStream(log);
        Assert.Equal((logId, new LogSize(2, 20_040)), (log.LogId, log.Size));
        Assert.Equal(new RoomBounds(11, 50), await log.BoundsAsync("ops"));
        Assert.Equal(AppendResult.Found(3), await ann.SendAsync("ops", "ann-3", "text 3"));
        Assert.Equal(Refusals.OffsetReused, await ann.SendAsync("ops", "ann-3", "another"));
        Assert.Equal(AppendResult.Found(5), await ann.SendAsync("ops", "ann-5", "whatever: it was erased and then trimmed"));
        Assert.Equal(AppendResult.Found(20), await ann.SendAsync("ops", "ann-20", "whatever: it was erased"));
        Assert.Equal(AppendResult.Found(30), await ann.SendAsync("ops", "ann-30", "text 30"));
        Assert.Equal(AppendResult.Stored(51), await ann.SendAsync("ops", "new"));
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log, "bob").SendAsync("another", "1"));
    }

    [Fact]
    public async Task An_export_that_is_not_complete_or_not_right_leaves_a_database_to_which_the_right_one_can_be_moved()
    {
        await CreateSourceAsync();
        var export = Export(Source);
        var lines = Encoding.UTF8.GetString(export).Split('\n');
        foreach (var (wrong, said) in ((string, string)[])
            [
                (string.Join('\n', lines[..15_000]), "it is not complete"),
                (string.Join('\n', lines.Where((_, number) => number != 15_000)), "a line is missing"),
                (string.Join('\n', lines).Replace("text 12345\"", "text 12346\"", StringComparison.Ordinal), "SHA-256"),
                (string.Join('\n', lines).Replace("\"client_offset\":\"ann-12345\"", "\"client_offset\":\"ann-12344\"", StringComparison.Ordinal), "comes a second time"),
            ])
        {
            var error = Assert.Throws<LogMaintenanceException>(() => Database.Import(new MemoryStream(Encoding.UTF8.GetBytes(wrong))));

            Assert.StartsWith($"cannot import to {Database.Location}: ", error.Message, StringComparison.Ordinal);
            Assert.Contains(said, error.Message, StringComparison.Ordinal);
        }

        using var interrupted = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(
            () => Database.Import(new MemoryStream(export), new Interrupting(0.5, interrupted), interrupted.Token));
        Assert.Equal(0L, PostgresCluster.Execute(connectionString, "SELECT count(*) FROM grpcchat.message"));

        Database.Import(new MemoryStream(export));
        Assert.Null(Database.FindDifference(Source));
    }

    [Fact]
    public async Task A_database_with_messages_or_with_nodes_is_not_replaced()
    {
        await CreateSourceAsync();
        var export = Export(Source);
        await using (PostgresMessageLog.Open(connectionString))
        {
            var used = Assert.Throws<LogMaintenanceException>(() => Database.Import(new MemoryStream(export)));
            Assert.Contains("stop them first", used.Message, StringComparison.Ordinal);
        }

        Database.Import(new MemoryStream(export));

        var error = Assert.Throws<LogMaintenanceException>(() => Database.Import(new MemoryStream(export)));
        Assert.Contains("is not replaced; name an empty database", error.Message, StringComparison.Ordinal);
        Assert.Null(Database.FindDifference(Source));
    }

    [Fact]
    public async Task A_node_that_starts_during_an_import_waits_for_it_and_has_the_new_log_id()
    {
        await CreateSourceAsync();
        await PostgresMessageLog.Open(connectionString).DisposeAsync();
        Task<PostgresMessageLog>? starting = null;
        var import = new HookedSource(Export(Source), () =>
        {
            starting = Task.Run(() => PostgresMessageLog.Open(connectionString));
            while ((long)PostgresCluster.Execute(
                PostgresCluster.Shared.Admin,
                $"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{DatabaseName}'")! == 0)
            {
                Assert.False(starting.IsCompleted, "It did not wait.");
            }
        });

        Database.Import(import);

        await using var log = await starting!.WaitAsync(RecordingStream.Deadline);
        await using var source = SqliteMessageLog.Open(Source.Path);
        Assert.Equal((source.LogId, source.Size), (log.LogId, log.Size));
    }

    [Theory]
    [InlineData("UPDATE grpcchat.log_meta SET log_id = 'x'", "the log id is not 32 hexadecimal digits")]
    [InlineData("UPDATE grpcchat.log_meta SET rooms = 7", "the log counts 7 rooms, but has 2")]
    [InlineData("UPDATE grpcchat.room SET oldest_id = 60 WHERE name = 'ops'", "room ops: the oldest message is 60 and the newest 50")]
    [InlineData("DELETE FROM grpcchat.message WHERE id = 30 AND room_id = 2", "room ops: message 30 is missing")]
    [InlineData("DELETE FROM grpcchat.message WHERE id >= 40 AND room_id = 2", "room ops: messages 40 to 50 are missing")]
    [InlineData("DELETE FROM grpcchat.message WHERE id < 15 AND room_id = 2", "room ops: messages 11 to 14 are missing")]
    [InlineData("UPDATE grpcchat.message SET id = 51 WHERE id = 50 AND room_id = 2", "room ops: message 51 is outside the room's 11 to 50")]
    [InlineData("UPDATE grpcchat.message SET room_id = 9 WHERE id = 50 AND room_id = 2", "message 50 belongs to room 9, which does not exist")]
    [InlineData("UPDATE grpcchat.message SET text = 'x' WHERE id = 30 AND room_id = 2", "room ops: message 30: its text is not the one that was stored")]
    [InlineData("UPDATE grpcchat.message SET text = 'x' WHERE id = 20 AND room_id = 2", "room ops: message 20: it is erased, but has a text")]
    [InlineData("UPDATE grpcchat.sent_key SET content_hash = sha256('') WHERE id = 3 AND room_id = 2", "client offset 'ann-3' of sender 'ann': its hash has 32 bytes (room ops, message 3)")]
    [InlineData("DELETE FROM grpcchat.sent_key WHERE id = 30 AND room_id = 2", "room ops: message 30: its client offset is not remembered")]
    [InlineData("UPDATE grpcchat.sent_key SET id = 31 WHERE id = 30 AND room_id = 2", "room ops: message 30: its client offset is remembered for message 31")]
    [InlineData("UPDATE grpcchat.sent_key SET id = 99 WHERE id = 3 AND room_id = 2", "client offset 'ann-3' of sender 'ann': it is remembered for message 99 of room ops, whose newest is 50")]
    [InlineData("DELETE FROM grpcchat.sender", "room ops: message 30: its sender does not exist")]
    [InlineData("UPDATE grpcchat.room SET name = 'No Room' WHERE name = 'ops'", "the name of room 'No Room' is not valid")]
    public async Task Check_finds_what_is_wrong(string damage, string problem)
    {
        await CreateSourceAsync(many: 20);
        Database.Import(new MemoryStream(Export(Source)));
        Assert.Empty(ProblemsOf(Database));

        PostgresCluster.Execute(connectionString, damage);

        Assert.Contains(problem, ProblemsOf(Database));
    }

    [Fact]
    public void Where_there_is_no_log_nothing_is_made()
    {
        foreach (var work in (Action[])[
            () => Database.Check(_ => { }), () => Export(Database), () => Database.Open(), () => Database.FindDifference(Source)])
        {
            var error = Assert.Throws<LogOpenException>(work);
            Assert.Contains("has no log; name the database of the service", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0L, PostgresCluster.Execute(connectionString, "SELECT count(*) FROM pg_namespace WHERE nspname = 'grpcchat'"));
    }

    [Fact]
    public async Task An_export_is_the_log_of_one_moment_although_nodes_go_on_writing()
    {
        await using var log = PostgresMessageLog.Open(connectionString);
        var ann = new RecordingStream(log);
        for (var n = 1; n <= 20; n++)
        {
            await ann.SendAsync("one", $"{n}", new string('x', 10_000));
        }

        var output = new HookedStream(() => ann.SendAsync("two", "2").GetAwaiter().GetResult());

        Assert.Equal((1, 1), (Database.Export(output).Rooms, Database.Export(new MemoryStream()).Rooms - 1));

        Assert.True(output.Writes > 1, "The second room came after everything was read.");
    }

    private async Task CreateSourceAsync(int many = 20_000)
    {
        await using var log = SqliteMessageLog.Open(Source.Path);
        var ann = new RecordingStream(log);
        var zoe = new RecordingStream(log, "Zoë 👋");
        for (var n = 1; n <= 50; n++)
        {
            await ann.SendAsync("ops", $"ann-{n}", $"text {n}");
        }

        for (var n = 1; n <= many; n++)
        {
            await (n % 7 == 0 ? zoe : ann).HandOverAsync("many", $"ann-{n}", $"text {n}");
        }

        await zoe.AnswersAsync(many / 7);
        await ann.AnswersAsync(50 + many - (many / 7));
        await log.EraseAsync(MessagesToErase.WithIds("ops", [5, 20]), null, CancellationToken.None);
        await log.TrimAsync("ops", 10, CancellationToken.None);
    }

    private static byte[] Export(StoredMessageLog log)
    {
        var output = new MemoryStream();
        log.Export(output);
        return output.ToArray();
    }

    private static List<string> ProblemsOf(StoredMessageLog log)
    {
        var problems = new List<string>();
        log.Check(problems.Add);
        return problems;
    }

    private sealed class Interrupting(double at, CancellationTokenSource cancellation) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value >= at)
            {
                cancellation.Cancel();
            }
        }
    }

    private sealed class HookedSource(byte[] export, Action whenHalfIsRead) : MemoryStream(export)
    {
        private Action? hook = whenHalfIsRead;

        public override int Read(Span<byte> buffer)
        {
            if (Position > Length / 2)
            {
                hook?.Invoke();
                hook = null;
            }

            return base.Read(buffer);
        }
    }

    private sealed class HookedStream(Action beforeFirst) : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Writes++ == 0)
            {
                beforeFirst();
            }

            base.Write(buffer);
        }
    }
}
