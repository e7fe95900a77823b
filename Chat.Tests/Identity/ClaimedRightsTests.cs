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

    // Whatever is skipped, a list finds what a look at each room finds.
    [Theory]
    [InlineData("ops")]
    [InlineData("ops,team-*,zoo:r")]
    [InlineData("team-*,team-a")]
    [InlineData("*")]
    [InlineData("inbox:w")]
    [InlineData("a,b-,c.,d_,0*")]
    public async Task No_room_that_can_be_read_is_skipped(string entries)
    {
        List<string> rooms =
        [
            .. "0 00 a a- a. a0 aa b b- b-1 c. d_ inbox op ops ops-a opsz team team- team-a team-z.9 team. zoo zz"
                .Split(' ').Order(StringComparer.Ordinal),
        ];
        var rights = ClaimedRights.Parse(entries.Split(','));
        var readable = new List<string>();
        foreach (var room in rooms)
        {
            if (await rights.AllowAsync(room, RoomAccess.Read))
            {
                readable.Add(room);
            }
        }

        var found = new List<string>();
        var after = "";
        while (rights.SkipUnreadable(after) is { } skipped
            && rooms.Find(room => string.CompareOrdinal(room, skipped) > 0) is { } next)
        {
            if (await rights.AllowAsync(next, RoomAccess.Read))
            {
                found.Add(next);
            }

            after = next;
        }

        Assert.Equal(readable, found);
    }

    [Fact]
    public void A_list_goes_straight_to_the_rooms_that_can_be_read()
    {
        var rights = ClaimedRights.Parse(["ops", "team-*"]);

        Assert.Equal(("opr~", "team,~"), (rights.SkipUnreadable(""), rights.SkipUnreadable("ops")));
        Assert.Equal("team-x", rights.SkipUnreadable("team-x"));
        Assert.Null(rights.SkipUnreadable("zoo"));
    }
}
