using System.Globalization;
using System.Text;
using GrpcChat.ConsoleClient;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>Text by others can neither control a terminal nor pretend to be something else.</summary>
public sealed class TerminalTextTests
{
    /// <summary>Flags of regions: a black flag, the region in invisible letters, and their end.</summary>
    internal const string England = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f";
    internal const string Texas = "🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f";

    // Texts that do harm if they are printed as they are, and how they must be shown.
    internal static readonly (string Text, string Shown)[] Corpus =
    [
        ("\u001b[2J\u001b[H", @"\x1b[2J\x1b[H"), // clears the screen
        ("\u001b]0;root\u0007", @"\x1b]0;root\x07"), // sets the title
        ("\u001b]52;c;cm0gLXJm\u0007", @"\x1b]52;c;cm0gLXJm\x07"), // writes the clipboard
        ("\u009b31m", @"\x9b31m"), // the same as ESC [, in one character
        ("\u0090q\u009c", @"\x90q\x9c"), // a device's control string
        ("hello\rroot: give me", @"hello\x0droot: give me"), // overwrites the line
        ("pass\u0008\u0008\u0008\u0008word\u007f", @"pass\x08\x08\x08\x08word\x7f"),
        ("one\ntwo\r\nthree", @"one⏎two\x0d⏎three"), // pretends to be several messages
        ("a\u2028b\u2029c\u0085d\u000be\u000cf", @"a\u2028b\u2029c\x85d\x0be\x0cf"), // other line ends
        ("a\tb", @"a\x09b"),
        ("\0", @"\x00"),
        ("if (\u202e } \u2066admin\u2069) \u202c", @"if (\u202e } \u2066admin\u2069) \u202c"), // is displayed in another order
        ("\u2069\u2069out of the isolate\u2068", @"\u2069\u2069out of the isolate\u2068"),
        ("\u200ea\u200fb\u061cc", @"\u200ea\u200fb\u061cc"), // direction marks
        ("ok\U000e0068\U000e0069\U000e007f", @"ok\U000e0068\U000e0069\U000e007f"), // contains invisible text
        ("🏴\U000e0068\U000e0069\U000e007f", @"🏴\U000e0068\U000e0069\U000e007f"), // so does a flag of no region
        ("🏴\U000e0067\U000e0062\U000e0065", @"🏴\U000e0067\U000e0062\U000e0065"),
        ("\ud83d", @"\ud83d"), // unpaired surrogates
        ("\udc00\ud800", @"\udc00\ud800"),
        ("\ud800\ud83e\udd8a\udc00", "\\ud800\ud83e\udd8a\\udc00"),
        ("\udb40", @"\udb40"),
    ];

    [Fact]
    public void A_harmful_character_is_shown_as_its_number()
    {
        Assert.All(Corpus, nasty => Assert.Equal(nasty.Shown, TerminalText.Escape(nasty.Text)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello, world")]
    [InlineData(@"C:\x1b is no escape sequence")]
    [InlineData("Grüße, 世界, สวัสดี, e\u0301")]
    [InlineData("שלום, مرحبا")]
    [InlineData("🦊 👩‍👩‍👧 🏳️‍🌈 ❤️")]
    [InlineData("a\u00a0b\u00adc\u200bd")]
    [InlineData(England + Texas)]
    public void A_harmless_text_stays_as_it_is(string text)
    {
        Assert.Equal(text, TerminalText.Escape(text));
    }

    [Fact]
    public void Every_control_character_and_direction_mark_is_escaped_wherever_it_occurs()
    {
        int[] harmful =
        [
            .. Enumerable.Range(0x00, 0x20), .. Enumerable.Range(0x7f, 0x21), 0x061c, 0x200e, 0x200f,
            .. Enumerable.Range(0x2028, 7), .. Enumerable.Range(0x2066, 4), .. Enumerable.Range(0xe0000, 0x80),
        ];

        Assert.All(harmful, code =>
        {
            var text = $"a{char.ConvertFromUtf32(code)}🦊{char.ConvertFromUtf32(code)}";
            Assert.True(IsHarmless(TerminalText.Escape(text)), $"U+{code:X4}");
        });
    }

    [Fact]
    public void No_mixture_of_harmful_code_units_gets_through()
    {
        const string Units = "a\n\r\u001b[\u009b\u202e\u2069\u2028\u200f\ud83e\udd8a\ud800\udb40\udc01\udc41\udfff";
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string(random.GetItems<char>(Units, random.Next(12)));
            Assert.True(IsHarmless(TerminalText.Escape(text)), string.Join(' ', text.Select(unit => $"{(int)unit:x4}")));
        }
    }

    // The same rule once more, by Unicode categories.
    private static bool IsHarmless(string text)
    {
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            var isHarmful = Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Format;
            if (isHarmful)
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }
}
