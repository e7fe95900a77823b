using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>Texts are split into clusters that a terminal can show, and broken into rows.</summary>
public sealed class ClustersTests
{
    [Theory]
    [InlineData("abc", "a|b|c")]
    [InlineData("e\u0301x", "e\u0301|x")]
    [InlineData("世🦊", "世|🦊")]
    [InlineData("🇩🇪🇫🇷🇮", "🇩🇪|🇫🇷|🇮")]
    [InlineData("a\u200bb\u00adc\ufeff", "a|b|c")] // Characters without width are left out.
    [InlineData("\u0301a", "◌\u0301|a")] // A mark cannot join the text of this program before it.
    [InlineData("\u200d\u0301", "")]
    [InlineData("a\nb", "a|⏎|b")]
    [InlineData("\u001b", @"\|x|1|b")]
    [InlineData("👩‍👩‍👧‍👦👍🏽", "👩‍👩‍👧‍👦|👍🏽")]
    [InlineData("👩🏻‍❤\ufe0f‍💋‍👨🏿", "👩🏻‍❤\ufe0f‍💋‍👨🏿")]
    [InlineData($"a{TerminalTextTests.England}{TerminalTextTests.Texas}b", $"a|{TerminalTextTests.England}|{TerminalTextTests.Texas}|b")]
    public void A_text_is_split_into_what_people_see_as_characters(string text, string expected)
    {
        Assert.Equal(expected, string.Join('|', Clusters.Split(text).Select(cluster => cluster.Text)));
    }

    [Fact]
    public void A_thousand_marks_on_a_letter_become_six()
    {
        var cluster = Assert.Single(Clusters.Split("z" + new string('\u0335', 1000)));

        Assert.Equal(new("z" + new string('\u0335', 6), 1), cluster);
    }

    [Fact]
    public void An_endless_family_is_cut_off()
    {
        var cluster = Assert.Single(Clusters.Split(string.Join('\u200d', Enumerable.Repeat("👩", 1000))));

        Assert.InRange(cluster.Text.EnumerateRunes().Count(), 1, 16);
        Assert.Equal(2, cluster.Width);
    }

    [Theory]
    [InlineData("one two three", 7, "one two|three")]
    [InlineData("one two three", 8, "one two|three")]
    [InlineData("one two", 7, "one two")]
    [InlineData("onetwothree", 4, "onet|woth|ree")]
    [InlineData("a onetwothree", 6, "a|onetwo|three")]
    [InlineData("世界世界世", 5, "世界|世界|世")]
    [InlineData("ab世界", 5, "ab世|界")]
    [InlineData("", 5, "")]
    [InlineData("     ", 3, "   | ")]
    [InlineData("世", 1, "世")]
    public void Rows_break_at_spaces_and_are_never_too_wide(string text, int width, string expected)
    {
        var clusters = Clusters.Split(text);
        var rows = Wrapping.Wrap(clusters, width)
            .Select(range => string.Concat(clusters[range].Select(cluster => cluster.Text)));

        Assert.Equal(expected, string.Join('|', rows));
    }

    [Fact]
    public void Wrapping_loses_only_the_spaces_at_which_rows_break()
    {
        var random = new Random(2);
        for (var i = 0; i < 5000; i++)
        {
            var clusters = Clusters.Split(new string(random.GetItems<char>("abc  世界é", random.Next(60))));
            var width = random.Next(2, 20);
            var rows = Wrapping.Wrap(clusters, width);
            Assert.All(rows, row => Assert.InRange(clusters[row].Sum(cluster => cluster.Width), 0, width));
            Assert.Equal(Letters(clusters), Letters(rows.SelectMany(row => clusters[row])));
        }

        static string Letters(IEnumerable<Cluster> clusters) =>
            string.Concat(clusters.Where(cluster => !cluster.IsSpace).Select(cluster => cluster.Text));
    }
}
