using System.Text;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>Bytes of a raw terminal become keys, however the reads split them.</summary>
public sealed class KeyDecoderTests
{
    private static readonly (string Bytes, Key[] Keys)[] Known =
    [
        ("a", [Key.Typed("a")]),
        ("é世🦊", [Key.Typed("é"), Key.Typed("世"), Key.Typed("🦊")]),
        ("\r", [new(KeyName.Enter)]),
        ("\n", [new(KeyName.Enter)]),
        ("\t", [new(KeyName.Tab)]),
        ("\u001b[Z", [new(KeyName.BackTab)]),
        ("\u007f", [new(KeyName.Backspace)]),
        ("\b", [new(KeyName.Backspace)]),
        ("\u0001\u0003\u0004\u0005\u000b\u000c\u000e\u0010\u0015\u0017\u0019", [.. "acdeklnpuwy".Select(Key.Control)]),
        ("\u001bb\u001bf\u001b1\u001b9", [.. "bf19".Select(Key.Alt)]),
        ("\u001bé", [new(KeyName.Character, "é", KeyModifiers.Alt)]),
        ("\u001b\r", [new(KeyName.Enter, "", KeyModifiers.Alt)]),
        ("\u001b\u007f", [new(KeyName.Backspace, "", KeyModifiers.Alt)]),
        ("\u001b[A\u001b[B\u001b[C\u001b[D", [new(KeyName.Up), new(KeyName.Down), new(KeyName.Right), new(KeyName.Left)]),
        ("\u001bOA\u001bOB\u001bOC\u001bOD", [new(KeyName.Up), new(KeyName.Down), new(KeyName.Right), new(KeyName.Left)]),
        ("\u001b[H\u001bOH\u001b[1~\u001b[7~", [.. Enumerable.Repeat(new Key(KeyName.Home), 4)]),
        ("\u001b[F\u001bOF\u001b[4~\u001b[8~", [.. Enumerable.Repeat(new Key(KeyName.End), 4)]),
        ("\u001b[3~\u001b[5~\u001b[6~", [new(KeyName.Delete), new(KeyName.PageUp), new(KeyName.PageDown)]),
        ("\u001b[1;5C", [new(KeyName.Right, "", KeyModifiers.Control)]),
        ("\u001b[1;3D", [new(KeyName.Left, "", KeyModifiers.Alt)]),
        ("\u001b[3;5~", [new(KeyName.Delete, "", KeyModifiers.Control)]),
        ("\u001b[1;6A", [new(KeyName.Up, "", KeyModifiers.Control | KeyModifiers.Shift)]),
        ("\u001b\u001b[A", [new(KeyName.Escape), new(KeyName.Up)]),
        ("\u001b[200~one\r\ntwo\u001b[A\u001b[201~b", [Key.Pasted("one\r\ntwo\u001b[A"), Key.Typed("b")]),
        ("\u001b[200~\u001b[20\u001b\u001b[201~", [Key.Pasted("\u001b[20\u001b")]),
        ("\u001b[200~世\u001b[201~", [Key.Pasted("世")]),
    ];

    // Unknown sequences; nothing of them may show up in what follows.
    private static readonly string[] Unknown =
    [
        "\u001b[2~", "\u001b[15~", "\u001b[[A", "\u001bOP", "\u001b[?62;1;2c", "\u001b[12;40R",
        "\u001b[<0;10;5M", "\u001b[1;99A", "\u001b[I", "\u001b[27;5;9~", "\u001b]11;rgb:0000/0000/0000\u0007", "\u001b]11;rgb:0000\u001b\\",
        "\u001bP1$r0m\u001b\\", "\0", "\u001c", "\u0085",
        "\u001b[" + new string('1', 5000) + "A", "\u001b[1 q", "\u001b[A".Insert(2, ";;;;"), "\u001b[-A",
    ];

    [Fact]
    public void A_key_is_recognized_however_its_bytes_are_split()
    {
        Assert.All(Known, known =>
        {
            var bytes = Encoding.UTF8.GetBytes(known.Bytes);
            for (var cut = 0; cut <= bytes.Length; cut++)
            {
                Assert.Equal(known.Keys, Decode(bytes[..cut], bytes[cut..]));
            }

            Assert.Equal(known.Keys, Decode([.. bytes.Select(one => new[] { one })]));
        });
    }

    [Fact]
    public void An_unknown_sequence_is_dropped_as_a_whole()
    {
        Assert.All(Unknown, unknown =>
        {
            var bytes = Encoding.UTF8.GetBytes(unknown + "x");
            for (var cut = 0; cut <= Math.Min(bytes.Length, 100); cut++)
            {
                Assert.Equal([Key.Typed("x")], Decode(bytes[..cut], bytes[cut..]));
            }
        });
    }

    [Fact]
    public void An_ESC_is_a_key_only_if_nothing_follows()
    {
        var (decoder, keys) = (new KeyDecoder(), new List<Key>());
        decoder.Decode("\u001b"u8, keys);
        Assert.Empty(keys);
        Assert.True(decoder.IsUndecided);

        decoder.Settle(keys);
        decoder.Decode("[A"u8, keys);

        Assert.Equal([new(KeyName.Escape), Key.Typed("["), Key.Typed("A")], keys);
        Assert.False(decoder.IsUndecided);
    }

    [Theory]
    [InlineData("\u001b[")]
    [InlineData("\u001b[1;")]
    [InlineData("\u001bO")]
    [InlineData("\u001b]0;never ended")]
    public void An_incomplete_sequence_is_dropped_if_nothing_follows(string half)
    {
        var (decoder, keys) = (new KeyDecoder(), new List<Key>());
        decoder.Decode(Encoding.UTF8.GetBytes(half), keys);
        decoder.Settle(keys);
        decoder.Decode("x"u8, keys);

        Assert.Equal([Key.Typed("x")], keys);
    }

    [Fact]
    public void A_pause_within_a_paste_does_not_end_it()
    {
        var (decoder, keys) = (new KeyDecoder(), new List<Key>());
        decoder.Decode("\u001b[200~one\u001b[2"u8, keys);
        Assert.False(decoder.IsUndecided);
        decoder.Settle(keys);
        decoder.Decode("01~"u8, keys);

        Assert.Equal([Key.Pasted("one")], keys);
    }

    [Fact]
    public void A_control_character_that_breaks_a_sequence_off_is_a_key()
    {
        Assert.Equal([Key.Control('c')], Decode("\u001b[1;\u0003"u8.ToArray()));
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_become_replacement_characters()
    {
        Assert.Equal([Key.Typed("\ufffd"), Key.Typed("a")], Decode([0xe4, 0xb8], [(byte)'a']));
        Assert.Equal([Key.Typed("\ufffd"), new(KeyName.Up)], Decode([0xff], [0x1b, (byte)'[', (byte)'A']));
        Assert.Equal([Key.Typed("\ufffd"), Key.Typed("é")], Decode([0xe4, 0xc3, 0xa9]));
    }

    [Fact]
    public void A_paste_without_an_end_is_bounded()
    {
        var (decoder, keys) = (new KeyDecoder(), new List<Key>());
        decoder.Decode("\u001b[200~"u8, keys);
        var part = new byte[64 * 1024];
        Array.Fill(part, (byte)'x');
        for (var i = 0; i < 64; i++)
        {
            decoder.Decode(part, keys);
        }

        decoder.Decode("\u001b[201~"u8, keys);

        Assert.Equal(1024 * 1024, Assert.Single(keys).Text.Length);
    }

    [Fact]
    public void No_bytes_break_the_decoder()
    {
        var random = new Random(1);
        var units = "\u001b\u001b[[O]~;0123ABZ\a\\é世🦊\u0003\r200~201~"u8.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = random.GetItems(units, random.Next(40));
            var (decoder, keys) = (new KeyDecoder(), new List<Key>());
            decoder.Decode(bytes, keys);
            decoder.Settle(keys);
            decoder.Decode("\u001b[201~"u8, keys);
            keys.Clear();
            decoder.Decode("x"u8, keys);
            Assert.Equal([Key.Typed("x")], keys);
        }
    }

    private static List<Key> Decode(params byte[][] reads)
    {
        var (decoder, keys) = (new KeyDecoder(), new List<Key>());
        foreach (var read in reads)
        {
            decoder.Decode(read, keys);
        }

        return keys;
    }
}
