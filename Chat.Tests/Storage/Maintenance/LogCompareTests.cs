using GrpcChat.AspNetCore;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>Whether two logs have the same content.</summary>
public sealed class LogCompareTests : LogMaintenanceTest
{
    [Fact]
    public async Task Two_logs_with_the_same_messages_have_the_same_content()
    {
        await CreateLogAsync();
        CopyTo("copy");

        Assert.Null(Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
    }

    [Theory]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE position = (1 << 40) | 3", "message 3 of room ops differs")]
    [InlineData("UPDATE message SET client_offset = 'x' WHERE position = (1 << 40) | 3", "message 3 of room ops differs")]
    [InlineData("UPDATE sender SET name = 'eve' WHERE name = 'bob'", "message 11 of room ops differs")]
    [InlineData("INSERT INTO room VALUES (3, 'news', 1, 0, 0)", "the one has room ops where the other has room news")]
    [InlineData("INSERT INTO room VALUES (3, 'zoo', 1, 0, 0)", "the one has no more where the other has room zoo")]
    [InlineData("UPDATE room SET name = 'zoo' WHERE name = 'team-1'", "the one has room team-1 where the other has room zoo")]
    public async Task The_first_difference_between_two_logs_is_named(string sql, string difference)
    {
        await CreateLogAsync();
        CopyTo("copy");
        Execute(sql, PathOf("copy"));

        Assert.Equal(difference, Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
    }

    [Fact]
    public async Task Client_offsets_that_outlive_their_messages_are_compared()
    {
        await CreateLogAsync();
        Execute("UPDATE room SET oldest = 6 WHERE name = 'ops'; DELETE FROM message WHERE position < (1 << 40) | 6");
        CopyTo("copy");
        Execute("DELETE FROM sent_key WHERE room_id = 1 AND id = 5", PathOf("copy"));

        Assert.Equal(
            "the one has the client offset of message 5 of room ops where the other has no more",
            Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
    }

    [Fact]
    public async Task An_erased_message_is_a_difference()
    {
        await CreateLogAsync();
        CopyTo("copy");
        await EraseAsync("ops", 3);

        Assert.Equal("message 3 of room ops differs", Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
    }
}
