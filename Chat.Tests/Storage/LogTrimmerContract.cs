using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Which messages are beyond a limit.</summary>
public abstract class LogTrimmerContract(LogKind kind) : MessageLogTest(kind)
{
    [Theory]
    [InlineData(10, 1)]
    [InlineData(4, 7)]
    [InlineData(0, 11)]
    [InlineData(100, 1)]
    public async Task So_many_of_the_newest_messages_are_kept(int keep, long oldest)
    {
        var log = Open();
        await StoreAsync(log, "room", 10);

        await TrimAsync(log, new TrimLimits { KeepMessages = keep });

        Assert.Equal(new RoomBounds(oldest, 10), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task Messages_older_than_the_age_go_and_one_that_is_exactly_as_old_stays()
    {
        var log = Open();
        await StoreAsync(log, "room", 3);
        Time.Advance(TimeSpan.FromHours(1));
        await StoreAsync(log, "room", 2, first: 4);
        Time.Advance(TimeSpan.FromHours(23));

        await TrimAsync(log, new TrimLimits { KeepFor = TimeSpan.FromHours(24) });
        Assert.Equal(new RoomBounds(1, 5), await log.BoundsAsync("room"));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        await TrimAsync(log, new TrimLimits { KeepFor = TimeSpan.FromHours(24) });
        Assert.Equal(new RoomBounds(4, 5), await log.BoundsAsync("room"));

        await TrimAsync(log, new TrimLimits { KeepFor = TimeSpan.MaxValue });
        Assert.Equal(new RoomBounds(4, 5), await log.BoundsAsync("room"));
    }

    [Theory]
    [InlineData(1_000, 1)]
    [InlineData(400, 7)]
    [InlineData(399, 8)]
    [InlineData(0, 11)]
    public async Task As_many_of_the_newest_texts_are_kept_as_the_size_allows(long bytes, long oldest)
    {
        var log = Open();
        await StoreAsync(log, "room", 10, new string('x', 100));

        await TrimAsync(log, new TrimLimits { KeepBytes = bytes });

        Assert.Equal(new RoomBounds(oldest, 10), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task A_size_that_was_measured_before_counts_what_came_and_went_since()
    {
        var log = Open();
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);
        await StoreAsync(log, "room", 10, new string('x', 100));
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 500 });
        Assert.Equal(new RoomBounds(6, 10), await log.BoundsAsync("room"));

        await StoreAsync(log, "room", 3, new string('x', 100), first: 11);
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 500 });
        Assert.Equal(new RoomBounds(9, 13), await log.BoundsAsync("room"));

        // By another limit.
        await RunAsync(maintenance, new TrimLimits { KeepMessages = 3 });
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 300 });
        Assert.Equal(new RoomBounds(11, 13), await log.BoundsAsync("room"));
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 299 });
        Assert.Equal(new RoomBounds(12, 13), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task What_another_process_removes_between_the_look_and_the_step_does_not_count_as_kept()
    {
        var log = Open();
        var hooked = new HookedLog(log);
        await using var maintenance = new MessageLogMaintenance(hooked, Time, ownsLog: false);
        await StoreAsync(log, "room", 10, new string('x', 100));

        // It is decided to remove five; then somebody whose limit is lower removes seven.
        hooked.AfterNextRead = () =>
        {
            hooked.AfterNextRead = () => log.TrimAsync("room", 7, CancellationToken.None);
            return Task.CompletedTask;
        };
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 500 });
        Assert.Equal(new RoomBounds(8, 10), await log.BoundsAsync("room"));

        await StoreAsync(log, "room", 2, new string('x', 100), first: 11);
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 500 });
        Assert.Equal(new RoomBounds(8, 12), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task What_another_process_removes_while_a_size_is_measured_is_not_waited_for()
    {
        var log = Open();
        var hooked = new HookedLog(log);
        await using var maintenance = new MessageLogMaintenance(hooked, Time, ownsLog: false);
        await StoreAsync(log, "room", 10, new string('x', 100));

        hooked.BeforeNextRead = () => log.TrimAsync("room", 3, CancellationToken.None);
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 500 }).WaitAsync(RecordingStream.Deadline);

        Assert.Equal(new RoomBounds(6, 10), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task A_size_that_was_measured_before_does_not_count_what_was_erased_since()
    {
        var log = Open();
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);
        await StoreAsync(log, "room", 10, new string('x', 100));
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 1_000 });

        await maintenance.EraseAsync(MessagesToErase.WithIds("room", [9, 10]));
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 800 });

        Assert.Equal(new RoomBounds(1, 10), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task Every_limit_holds_at_the_end_in_every_room_or_in_one()
    {
        var log = Open();
        await StoreAsync(log, "one", 1_300);
        await StoreAsync(log, "two", 5);
        await StoreAsync(log, "big", 8, new string('x', 100));

        var steps = await TrimAsync(log, new TrimLimits { KeepMessages = 6, KeepBytes = 300 }, "big");
        Assert.Equal([("big", 5, 6, 3)], steps.Select(step => (step.Room, step.Removed, step.OldestId, step.Kept)));

        steps = await TrimAsync(log, new TrimLimits { KeepMessages = 4 });
        Assert.Equal(
            [("one", 500, 501), ("one", 500, 1_001), ("one", 296, 1_297), ("two", 1, 2)],
            steps.Select(step => (step.Room, step.Removed, step.OldestId)));
        Assert.True(steps.Zip(steps.Skip(1)).All(pair => pair.First.Share <= pair.Second.Share));
        Assert.Empty(await TrimAsync(log, new TrimLimits { KeepMessages = 4 }));
    }

    [Fact]
    public async Task Large_texts_go_in_smaller_steps()
    {
        var log = Open();
        await StoreAsync(log, "room", 40, new string('x', 16_384));

        var steps = await TrimAsync(log, new TrimLimits { KeepMessages = 0 });

        Assert.Equal([16, 16, 8], steps.Select(step => step.Removed));
    }

    [Fact]
    public async Task Limits_that_say_nothing_and_rooms_that_are_none_are_refused()
    {
        var log = Open();
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);

        Assert.Throws<ArgumentException>(() => maintenance.TrimAsync(new TrimLimits()));
        Assert.Throws<ArgumentException>(() => maintenance.TrimAsync(new TrimLimits { KeepMessages = -1 }));
        Assert.Throws<ArgumentException>("room", () => maintenance.TrimAsync(new TrimLimits { KeepMessages = 1 }, "No Room"));
        var error = await Assert.ThrowsAsync<LogMaintenanceException>(
            () => RunAsync(maintenance, new TrimLimits { KeepMessages = 1 }, "unknown"));
        Assert.Equal("cannot trim room unknown: there is no such room", error.Message);
    }

    [Fact]
    public async Task A_trim_that_fails_in_the_middle_says_why_and_can_be_repeated()
    {
        var log = Open();
        await StoreAsync(log, "room", 1_200);
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);
        Gate.HoldNext().Release();
        Gate.FailNext(new StoreUnavailableException("the disk is full"));

        var error = await Assert.ThrowsAsync<LogMaintenanceException>(
            () => RunAsync(maintenance, new TrimLimits { KeepBytes = 0 }));

        Assert.Equal(
            "cannot trim room room: the disk is full; what was removed until then stays removed", error.Message);
        Assert.Equal(new RoomBounds(501, 1_200), await log.BoundsAsync("room"));
        await RunAsync(maintenance, new TrimLimits { KeepBytes = 0 });
        Assert.Equal(new RoomBounds(1_201, 1_200), await log.BoundsAsync("room"));
    }

    [Fact]
    public async Task A_trim_that_is_cancelled_ends_after_a_step()
    {
        var log = Open();
        await StoreAsync(log, "room", 1_200);
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var step in maintenance.TrimAsync(new TrimLimits { KeepMessages = 0 }, room: null, cancellation.Token))
            {
                await cancellation.CancelAsync();
            }
        });

        Assert.Equal(new RoomBounds(501, 1_200), await log.BoundsAsync("room"));
        Assert.Equal(AppendResult.Stored(1_201), await new RecordingStream(log).SendAsync("room", "new"));
    }

    private static async Task StoreAsync(IMessageLog log, string room, int count, string text = "text", int first = 1)
    {
        var ann = new RecordingStream(log);
        for (var n = first; n < first + count; n++)
        {
            await ann.HandOverAsync(room, $"{n}", text);
        }

        await ann.AnswersAsync(count);
    }

    private async Task<List<TrimStep>> TrimAsync(IMessageLog log, TrimLimits limits, string? room = null)
    {
        await using var maintenance = new MessageLogMaintenance(log, Time, ownsLog: false);
        return await RunAsync(maintenance, limits, room);
    }

    private static async Task<List<TrimStep>> RunAsync(MessageLogMaintenance maintenance, TrimLimits limits, string? room = null)
    {
        var steps = new List<TrimStep>();
        await foreach (var step in maintenance.TrimAsync(limits, room))
        {
            steps.Add(step);
        }

        return steps;
    }
}

public sealed class InMemoryLogTrimmerTests() : LogTrimmerContract(LogKind.InMemory);

public sealed class SqliteLogTrimmerTests() : LogTrimmerContract(LogKind.Sqlite);

public sealed class PostgresLogTrimmerTests() : LogTrimmerContract(LogKind.Postgres);
