using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The number of cells that a cluster takes.</summary>
public sealed class CellWidthTests
{
    [Theory]
    [InlineData("a", 1)]
    [InlineData("é", 1)]
    [InlineData("e\u0301", 1)]
    [InlineData("Ж", 1)]
    [InlineData("ש", 1)]
    [InlineData("✓", 1)]
    [InlineData("…", 1)]
    [InlineData("─", 1)]
    [InlineData("●", 1)]
    [InlineData("\u00a0", 1)]
    [InlineData("世", 2)]
    [InlineData("あ", 2)]
    [InlineData("ｱ", 1)] // Halfwidth.
    [InlineData("Ａ", 2)] // Fullwidth.
    [InlineData("한", 2)]
    [InlineData("\u1112\u1161\u11ab", 2)] // The same in three parts.
    [InlineData("\U00020000", 2)]
    [InlineData("🦊", 2)]
    [InlineData("⌚", 2)]
    [InlineData("❤", 1)]
    [InlineData("❤\ufe0f", 2)]
    [InlineData("☀\ufe0e", 1)]
    [InlineData("1\ufe0f\u20e3", 2)]
    [InlineData("a\ufe0f", 1)] // Selects nothing.
    [InlineData("👍🏽", 2)]
    [InlineData("☝🏽", 2)]
    [InlineData("👩‍👩‍👧‍👦", 2)]
    [InlineData("🏳\ufe0f‍🌈", 2)]
    [InlineData("👩🏻‍❤\ufe0f‍💋‍👨🏿", 2)]
    [InlineData("🇩🇪", 2)]
    [InlineData("🇩", 2)]
    [InlineData(TerminalTextTests.England, 2)]
    [InlineData("क\u094d", 1)]
    [InlineData("कि", 2)]
    [InlineData("กำ", 2)]
    [InlineData("\u0301", 0)]
    [InlineData("\u200b", 0)]
    [InlineData("\u200d", 0)]
    [InlineData("\u00ad", 0)]
    [InlineData("\ufeff", 0)]
    public void A_cluster_takes_so_many_cells(string cluster, int width)
    {
        Assert.Equal(width, CellWidth.Measure(cluster));
    }

    [Fact]
    public void A_cluster_of_certain_width_is_neither_a_mark_nor_an_emoji()
    {
        for (var code = 0; code <= 0xffff; code++)
        {
            if (code is >= 0xd800 and <= 0xdfff || !CellWidth.IsCertain(((char)code).ToString()))
            {
                continue;
            }

            var isLetter = char.IsLetterOrDigit((char)code) || code < 0x7f || code is '─' or '×' or '÷';
            Assert.True(isLetter, $"U+{code:X4}");
            Assert.Equal(code >= 0x3000 ? 2 : 1, CellWidth.Measure(((char)code).ToString()));
        }

        Assert.False(CellWidth.IsCertain("e\u0301"));
    }
}
