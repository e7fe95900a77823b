using System.Text;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

public sealed class NamesTests
{
    [Theory]
    [InlineData("lobby", true)]
    [InlineData("0", true)]
    [InlineData("a.b_c-d", true)]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData(".a", false)]
    [InlineData("A", false)]
    [InlineData("a\n", false)]
    [InlineData("é", false)]
    public void A_room_name_has_its_form(string name, bool valid) => Assert.Equal(valid, Names.IsRoom(name));

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_sender_is_counted_in_characters_and_not_in_code_units(int length, bool valid) =>
        Assert.Equal(valid, Names.IsSender(string.Concat(Enumerable.Repeat("👋", length))));

    [Theory]
    [InlineData("short")]
    [InlineData("")]
    public void What_is_short_is_echoed_whole(string text) => Assert.Equal(text, Names.Truncate(text));

    [Theory]
    [InlineData("x", 128)]
    [InlineData("é", 128)]
    [InlineData("世", 126)]
    [InlineData("👋", 128)]
    public void What_is_long_is_cut_between_characters(string character, int bytes)
    {
        var text = string.Concat(Enumerable.Repeat(character, 200));
        var cut = Names.Truncate(text);
        Assert.StartsWith(cut, text, StringComparison.Ordinal);
        Assert.Equal(bytes, Encoding.UTF8.GetByteCount(cut));
        Assert.DoesNotContain('\ufffd', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)));
    }
}
