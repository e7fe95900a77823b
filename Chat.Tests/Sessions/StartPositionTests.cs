using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>The table of protocol.md, "Where a join starts", line by line: kept are 5 to 10.</summary>
public sealed class StartPositionTests
{
    private const string LogId = "this-log";

    [Theory]
    [InlineData(null, "", 0, 4, Resume.Complete)]
    [InlineData(null, "", 3, 7, Resume.Complete)]
    [InlineData(null, "", 6, 4, Resume.Complete)]
    [InlineData(4L, "", 0, 4, Resume.Complete)]
    [InlineData(7L, LogId, 0, 7, Resume.Complete)]
    [InlineData(10L, LogId, 0, 10, Resume.Complete)]
    [InlineData(10L, LogId, 1, 10, Resume.Complete)]
    [InlineData(7L, LogId, 3, 7, Resume.Complete)]
    [InlineData(7L, LogId, 2, 8, Resume.Gap)]
    [InlineData(3L, LogId, 0, 4, Resume.Gap)]
    [InlineData(0L, "", 0, 4, Resume.Gap)]
    [InlineData(0L, "", 2, 8, Resume.Gap)]
    [InlineData(11L, LogId, 0, 4, Resume.Reset)]
    [InlineData(7L, "other", 0, 4, Resume.Reset)]
    [InlineData(0L, "other", 0, 4, Resume.Reset)]
    [InlineData(7L, "other", 2, 8, Resume.Reset)]
    [InlineData(StartPosition.Latest, "other", 2, 10, Resume.Complete)]
    public void A_join_starts_where_the_table_says(long? asked, string logId, int limit, long after, Resume resume)
    {
        var position = new StartPosition { AfterId = asked, LogId = logId, ReplayLimit = limit };
        Assert.Equal((after, resume), position.Resolve(LogId, new RoomBounds(5, 10)));
    }

    [Theory]
    [InlineData(null, 0, Resume.Complete)]
    [InlineData(0L, 0, Resume.Complete)]
    [InlineData(1L, 0, Resume.Reset)]
    [InlineData(StartPosition.Latest, 0, Resume.Complete)]
    public void A_room_without_messages_starts_at_0(long? asked, long after, Resume resume) =>
        Assert.Equal((after, resume), new StartPosition { AfterId = asked }.Resolve(LogId, RoomBounds.Empty));
}
