using System.Buffers;
using System.Text;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// Turns the bytes of a raw terminal into keys, wherever a read has cut them. An ESC may be a key or the beginning of a
/// sequence: only time tells, and the caller has the clock.
/// </summary>
internal sealed class KeyDecoder
{
    // More than anybody types; what is longer is no key, and a paste is cut there.
    private const int MaxParameters = 32, MaxPaste = 1024 * 1024;

    private readonly byte[] character = new byte[4];
    private readonly StringBuilder parameters = new();
    private readonly Paste paste = new(MaxPaste);
    private State state;
    private KeyModifiers modifiers;
    private int length;

    private enum State
    {
        Ground,
        Character, // Within a character of several bytes.
        Escape, // After ESC.
        Sequence, // After ESC [.
        SingleShift, // After ESC O.
        Function, // After ESC [ [, with which the Linux console begins its function keys.
        String, // After ESC ] and its like: an answer that nobody asked for, up to BEL or ESC \.
        StringEnd, // After the ESC that may end it.
        Paste,
    }

    /// <summary>What came last may go on: call <see cref="Settle"/> when nothing has followed for 50 ms.</summary>
    public bool IsUndecided => state is not (State.Ground or State.Paste);

    public void Decode(ReadOnlySpan<byte> bytes, ICollection<Key> keys)
    {
        foreach (var one in bytes)
        {
            Take(one, keys);
        }
    }

    /// <summary>Nothing has followed: an ESC was the key, and half a sequence was nothing.</summary>
    public void Settle(ICollection<Key> keys)
    {
        if (!IsUndecided)
        {
            return;
        }

        if (state == State.Escape)
        {
            keys.Add(new(KeyName.Escape));
        }

        if (state == State.Character)
        {
            keys.Add(new(KeyName.Character, "\ufffd", modifiers));
        }

        Begin(State.Ground);
    }

    private void Take(byte one, ICollection<Key> keys)
    {
        switch (state)
        {
            case State.Ground when one == 0x1b: Begin(State.Escape); break;
            case State.Ground: TakeCharacter(one, keys); break;
            case State.Character: TakeRest(one, keys); break;
            case State.Escape: TakeAfterEscape(one, keys); break;
            case State.Function: Begin(State.Ground); break;
            case State.Paste when paste.Add(one):
                keys.Add(Key.Pasted(paste.ToString()));
                Begin(State.Ground);
                break;
            case State.Paste: break;
            case State.String when one == 0x1b: state = State.StringEnd; break;
            case State.String when one == 0x07: Begin(State.Ground); break;
            case State.String: break;
            case State.StringEnd when one == '\\': Begin(State.Ground); break;
            case State.StringEnd: Again(State.Escape, one, keys); break;
            default: TakeInSequence(one, keys); break;
        }
    }

    private void TakeAfterEscape(byte one, ICollection<Key> keys)
    {
        switch ((char)one)
        {
            case '\u001b': keys.Add(new(KeyName.Escape)); break; // That one was a key; this one may begin something.
            case '[': Begin(State.Sequence); break;
            case 'O': Begin(State.SingleShift); break;
            case ']' or 'P' or 'X' or '^' or '_': Begin(State.String); break;
            default:
                Begin(State.Ground);
                modifiers = KeyModifiers.Alt;
                TakeCharacter(one, keys);
                break;
        }
    }

    private void TakeInSequence(byte one, ICollection<Key> keys)
    {
        if (one is < 0x20 or >= 0x7f)
        {
            Again(State.Ground, one, keys); // Broken off: whatever this is, it is not a part of it.
        }
        else if (one < 0x40)
        {
            if (parameters.Length <= MaxParameters)
            {
                parameters.Append((char)one);
            }
        }
        else if (state == State.Sequence && one == '[' && parameters.Length == 0)
        {
            state = State.Function;
        }
        else
        {
            var given = parameters.ToString();
            var isPaste = state == State.Sequence && given == "200" && one == '~';
            Begin(isPaste ? State.Paste : State.Ground);
            if (!isPaste && given.Length <= MaxParameters && EscapeSequences.Find(given, (char)one) is { } key)
            {
                keys.Add(key);
            }
        }
    }

    private void TakeCharacter(byte one, ICollection<Key> keys)
    {
        if (one >= 0x80)
        {
            state = State.Character;
            TakeRest(one, keys);
            return;
        }

        Key? key = one switch
        {
            (byte)'\r' or (byte)'\n' => new(KeyName.Enter, "", modifiers),
            (byte)'\t' => new(KeyName.Tab, "", modifiers),
            0x7f or 0x08 => new(KeyName.Backspace, "", modifiers),
            >= 1 and <= 26 => new(KeyName.Character, ((char)(one + 'a' - 1)).ToString(), modifiers | KeyModifiers.Control),
            >= 0x20 => new(KeyName.Character, ((char)one).ToString(), modifiers),
            _ => null,
        };
        Begin(State.Ground);
        if (key is not null)
        {
            keys.Add(key.Value);
        }
    }

    private void TakeRest(byte one, ICollection<Key> keys)
    {
        character[length++] = one;
        var status = Rune.DecodeFromUtf8(character.AsSpan(0, length), out var rune, out var used);
        if (status == OperationStatus.NeedMoreData)
        {
            return;
        }

        // The rune is U+FFFD for what is no UTF-8.
        if (!Rune.IsControl(rune))
        {
            keys.Add(new(KeyName.Character, rune.ToString(), modifiers));
        }

        var isLeft = used < length;
        Begin(State.Ground);
        if (isLeft)
        {
            Take(one, keys); // What broke the character off begins the next one.
        }
    }

    private void Again(State from, byte one, ICollection<Key> keys)
    {
        Begin(from);
        Take(one, keys);
    }

    private void Begin(State next)
    {
        (state, modifiers, length) = (next, KeyModifiers.None, 0);
        parameters.Clear();
    }
}
