using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>A log whose rooms begin after 1, one of them without any message, as a whole.</summary>
public sealed class TrimmedLogTests : LogMaintenanceTest
{
    [Fact]
    public async Task It_is_checked_backed_up_restored_exported_and_imported_as_it_is()
    {
        await CreateTrimmedAsync();
        var (restored, imported) = (new MessageLogDirectory(PathOf("restored")), new MessageLogDirectory(PathOf("imported")));

        Log.Backup(PathOf("backup"));
        restored.Restore(PathOf("backup"));
        using var export = new MemoryStream();
        Log.Export(export);
        export.Position = 0;
        imported.Import(export);

        foreach (var directory in (MessageLogDirectory[])[Log, restored, imported])
        {
            Assert.Empty(ProblemsOf(directory));
            Assert.Null(Log.FindDifference(directory));
        }

        foreach (var directory in (MessageLogDirectory[])[Log, restored, imported])
        {
            await using var log = SqliteMessageLog.Open(directory.Path);
            Assert.Equal(new LogSize(2, 13), log.Size);
            Assert.Equal((new RoomBounds(8, 20), new RoomBounds(21, 20)), (await log.BoundsAsync("ops"), await log.BoundsAsync("team-1")));
            var ann = new RecordingStream(log);
            Assert.Equal(AppendResult.Found(1), await ann.SendAsync("ops", "ann-0", Texts[0]));
            Assert.Equal(AppendResult.Found(1), await ann.SendAsync("team-1", "ann-0", "0"));
            Assert.Equal(AppendResult.Stored(21), await ann.SendAsync("team-1", "new"));
            Assert.Equal([21], (await log.PageAsync("team-1", 20)).Select(message => message.Id));
            await log.TrimAsync("team-1", 21, CancellationToken.None);
        }
    }

    [Fact]
    public async Task An_imported_export_of_it_has_no_free_space_and_the_same_log_id()
    {
        await using (var log = SqliteMessageLog.Open(Data))
        {
            var ann = new RecordingStream(log);
            for (var n = 1; n <= 200; n++)
            {
                await ann.HandOverAsync("ops", $"{n}", new string('x', 8_000));
            }

            await ann.AnswersAsync(200);
            await log.TrimAsync("ops", 190, CancellationToken.None);
        }

        var imported = new MessageLogDirectory(PathOf("imported"));
        using var export = new MemoryStream();
        Log.Export(export);
        export.Position = 0;

        Assert.Equal(Log.Check(_ => { }).LogId, imported.Import(export).LogId);
        Assert.InRange(new FileInfo(DatabaseIn(Data)).Length, 190 * 8_000, long.MaxValue);
        Assert.InRange(new FileInfo(DatabaseIn(imported.Path)).Length, 10 * 8_000, 30 * 8_000);
    }

    [Fact]
    public async Task It_differs_from_the_log_that_it_was()
    {
        await CreateLogAsync();
        Log.Backup(PathOf("backup"));
        var before = new MessageLogDirectory(PathOf("before"));
        before.Restore(PathOf("backup"));
        await TrimAsync();

        Assert.Equal("room ops differs", Log.FindDifference(before));
    }

    [Theory]
    [InlineData("UPDATE room SET oldest = 7 WHERE name = 'ops'", "room ops: message 7 is missing")]
    [InlineData("UPDATE room SET oldest = 9 WHERE name = 'ops'", "room ops: message 8 is outside the room's 9 to 20")]
    [InlineData("UPDATE room SET oldest = 20 WHERE name = 'team-1'", "room team-1: message 20 is missing")]
    public async Task A_wrong_beginning_of_a_room_is_found(string sql, string problem)
    {
        await CreateTrimmedAsync();
        Execute(sql);

        Assert.Contains(problem, ProblemsOf(Log));
    }

    private async Task CreateTrimmedAsync()
    {
        await CreateLogAsync();
        await TrimAsync();
    }

    private async Task TrimAsync()
    {
        await using var log = SqliteMessageLog.Open(Data);
        await log.TrimAsync("ops", 7, CancellationToken.None);
        await log.TrimAsync("team-1", 20, CancellationToken.None);
    }
}
