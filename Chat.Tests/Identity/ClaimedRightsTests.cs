using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Identity;
using Xunit;

namespace GrpcChat.Tests.Identity;

public sealed class ClaimedRightsTests
{
    [Theory]
    [InlineData("ops", "ops", true, true)]
    [InlineData("ops", "ops2", false, false)]
    [InlineData("team-*", "team-a", true, true)]
    [InlineData("team-*", "team-", true, true)]
    [InlineData("team-*", "team", false, false)]
    [InlineData("*", "anything", true, true)]
    [InlineData("news:r", "news", true, false)]
    [InlineData("inbox:w", "inbox", false, true)]
    [InlineData("team-*:r", "team-a", true, false)]
    [InlineData("*:r", "anything", true, false)]
    [InlineData("news:r,news:w", "news", true, true)]
    [InlineData("*:r,ops", "ops", true, true)]
    [InlineData("*:r,ops", "other", true, false)]
    public async Task An_entry_allows_what_it_says(string entries, string room, bool mayRead, bool mayWrite)
    {
        var rights = ClaimedRights.Parse(entries.Split(','));

        Assert.Equal(mayRead, await rights.AllowAsync(room, RoomAccess.Read));
        Assert.Equal(mayWrite, await rights.AllowAsync(room, RoomAccess.Write));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a*b")]
    [InlineData("**")]
    [InlineData("ops:x")]
    [InlineData("ops:")]
    [InlineData(":r")]
    public void An_entry_of_another_form_is_named(string entry) =>
        Assert.Contains($"'{entry}'", Assert.Throws<FormatException>(() => ClaimedRights.Parse([entry])).Message, StringComparison.Ordinal);

    [Fact]
    public async Task No_entry_allows_nothing() =>
        Assert.False(await ClaimedRights.Parse([]).AllowAsync("lobby", RoomAccess.Read));
}
