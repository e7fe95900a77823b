using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The keys of line editing. In the texts, | is the cursor.</summary>
public sealed class LineEditorTests
{
    private static readonly Dictionary<string, Key> Keys = new()
    {
        ["Left"] = new(KeyName.Left),
        ["Right"] = new(KeyName.Right),
        ["Home"] = new(KeyName.Home),
        ["End"] = new(KeyName.End),
        ["Up"] = new(KeyName.Up),
        ["Down"] = new(KeyName.Down),
        ["Backspace"] = new(KeyName.Backspace),
        ["Delete"] = new(KeyName.Delete),
        ["Ctrl-Left"] = new(KeyName.Left, "", KeyModifiers.Control),
        ["Alt-Left"] = new(KeyName.Left, "", KeyModifiers.Alt),
        ["Ctrl-Right"] = new(KeyName.Right, "", KeyModifiers.Control),
        ["Alt-Backspace"] = new(KeyName.Backspace, "", KeyModifiers.Alt),
        ["Ctrl-Delete"] = new(KeyName.Delete, "", KeyModifiers.Control),
        ["Ctrl-A"] = Key.Control('a'),
        ["Ctrl-B"] = Key.Control('b'),
        ["Ctrl-D"] = Key.Control('d'),
        ["Ctrl-E"] = Key.Control('e'),
        ["Ctrl-F"] = Key.Control('f'),
        ["Ctrl-K"] = Key.Control('k'),
        ["Ctrl-U"] = Key.Control('u'),
        ["Ctrl-W"] = Key.Control('w'),
        ["Ctrl-Y"] = Key.Control('y'),
        ["Alt-B"] = Key.Alt('b'),
        ["Alt-D"] = Key.Alt('d'),
        ["Alt-F"] = Key.Alt('f'),
    };

    [Theory]
    [InlineData("ab|c", "Left", "a|bc")]
    [InlineData("|abc", "Left", "|abc")]
    [InlineData("a👩‍👩‍👧|", "Left", "a|👩‍👩‍👧")]
    [InlineData("ae\u0301|", "Left", "a|e\u0301")]
    [InlineData("a|bc", "Right", "ab|c")]
    [InlineData("abc|", "Right", "abc|")]
    [InlineData("|🇩🇪🇫🇷", "Right", "🇩🇪|🇫🇷")]
    [InlineData("🇩🇪🇫🇷|", "Left", "🇩🇪|🇫🇷")]
    [InlineData("ab|c", "Ctrl-B", "a|bc")]
    [InlineData("a|bc", "Ctrl-F", "ab|c")]
    [InlineData("ab|c", "Home", "|abc")]
    [InlineData("ab|c", "End", "abc|")]
    [InlineData("ab|c", "Ctrl-A", "|abc")]
    [InlineData("ab|c", "Ctrl-E", "abc|")]
    [InlineData("x\nab|c\ny", "Home", "x\n|abc\ny")]
    [InlineData("x\nab|c\ny", "End", "x\nabc|\ny")]
    [InlineData("one two|", "Ctrl-Left", "one |two")]
    [InlineData("one two|", "Alt-Left", "one |two")]
    [InlineData("one, |two", "Alt-B", "|one, two")]
    [InlineData("|one two", "Ctrl-Right", "one| two")]
    [InlineData("one|, two", "Alt-F", "one, two|")]
    [InlineData("|über alles", "Alt-F", "über| alles")]
    [InlineData("ab|c", "Backspace", "a|c")]
    [InlineData("|abc", "Backspace", "|abc")]
    [InlineData("x🏳️‍🌈|y", "Backspace", "x|y")]
    [InlineData("x\n|y", "Backspace", "x|y")]
    [InlineData("a|bc", "Delete", "a|c")]
    [InlineData("abc|", "Delete", "abc|")]
    [InlineData("x|👍🏽y", "Delete", "x|y")]
    [InlineData("a|bc", "Ctrl-D", "a|c")]
    [InlineData("one two|", "Alt-Backspace", "one |")]
    [InlineData("one| two", "Ctrl-Delete", "one|")]
    [InlineData("one| two three", "Alt-D", "one| three")]
    [InlineData("one two|x", "Ctrl-U", "|x")]
    [InlineData("a\nbc|d", "Ctrl-U", "a\n|d")]
    [InlineData("one| two", "Ctrl-K", "one|")]
    [InlineData("a|b\nc", "Ctrl-K", "a|\nc")]
    [InlineData("say https://x.y/z?a=b |", "Ctrl-W", "say |")]
    [InlineData("a\nbcd|", "Up", "a|\nbcd")]
    [InlineData("abc\nd|", "Up", "a|bc\nd")]
    [InlineData("ab|c\nd", "Down", "abc\nd|")]
    public void A_key_edits_the_line(string before, string key, string after)
    {
        var editor = With(before);

        Assert.True(editor.Handle(Keys[key]));
        Assert.Equal(after, Shown(editor));
    }

    [Theory]
    [InlineData("one two|", "Ctrl-W", "one twotwo|")]
    [InlineData("one two|", "Ctrl-U", "one twoone two|")]
    [InlineData("|one two", "Ctrl-K", "one twoone two|")]
    [InlineData("one two|", "Alt-Backspace", "one twotwo|")]
    public void A_cut_text_can_be_pasted_again_and_again(string before, string cut, string after)
    {
        var editor = With(before);
        editor.Handle(Keys[cut]);
        editor.Handle(Keys["Ctrl-Y"]);
        editor.Handle(Keys["Ctrl-Y"]);

        Assert.Equal(after, Shown(editor));
    }

    [Fact]
    public void A_key_that_does_not_edit_is_not_handled()
    {
        Key[] others =
        [
            new(KeyName.Up), new(KeyName.Down), new(KeyName.Enter), new(KeyName.PageUp), Key.Control('x'), Key.Alt('x'), Key.Typed("a"),
        ];

        Assert.All(others, key => Assert.False(With("a|b").Handle(key)));
    }

    [Fact]
    public void A_paste_keeps_its_lines_and_tabs_but_no_other_control_characters()
    {
        var editor = With("<|>");

        Assert.True(editor.Insert("one\r\ntwo\rthree\tfour\u001b[2J\0\u0085five"));
        Assert.Equal("<one\ntwo\nthree\tfour[2J\nfive|>", Shown(editor));
    }

    [Fact]
    public void A_text_that_is_too_long_is_rejected_as_a_whole()
    {
        var editor = With("a|");

        Assert.False(editor.Insert(new string('x', LineEditor.MaxLength)));
        Assert.Equal("a|", Shown(editor));
    }

    [Fact]
    public void The_cursor_is_never_within_a_cluster()
    {
        string[] parts = ["a", " ", "\n", "e\u0301", "👩‍👩‍👧", "🇩🇪", "世", "\u200d", "\u0301", "👍", "🏽", "\u1112", "\u1161", "\u0600"];
        var random = new Random(3);
        for (var i = 0; i < 500; i++)
        {
            var editor = new LineEditor();
            for (var step = 0; step < 40; step++)
            {
                if (random.Next(2) == 0)
                {
                    editor.Insert(parts[random.Next(parts.Length)]);
                }
                else
                {
                    editor.Handle(Keys.ElementAt(random.Next(Keys.Count)).Value);
                }

                Assert.Contains(editor.Cursor, Borders(editor.Text));
            }
        }

        static IEnumerable<int> Borders(string text) =>
            System.Globalization.StringInfo.ParseCombiningCharacters(text).Append(text.Length);
    }

    private static LineEditor With(string text)
    {
        var editor = new LineEditor();
        editor.Set(text.Replace("|", "", StringComparison.Ordinal), text.IndexOf('|', StringComparison.Ordinal));
        return editor;
    }

    private static string Shown(LineEditor editor) => editor.Text.Insert(editor.Cursor, "|");
}
