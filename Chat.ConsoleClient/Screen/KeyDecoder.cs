using System.Buffers;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Turns the bytes of a raw terminal into keys, wherever a read has split them. An ESC is a key or the beginning of a
/// sequence: only time tells, and the clock is the caller's.
/// </summary>
internal sealed class KeyDecoder
{
    // A longer sequence is not a key; a longer paste is cut off.
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
        String, // After ESC ] and its like: an unwanted answer of the terminal, up to BEL or ESC \.
        StringEnd, // After the ESC that may end it.
        Paste,
    }

    /// <summary>
    /// The last bytes may be part of a sequence: call <see cref="Settle"/> if nothing follows them within 50 ms.
    /// </summary>
    public bool IsUndecided => state is not (State.Ground or State.Paste);

    public void Decode(ReadOnlySpan<byte> bytes, ICollection<Key> keys)
    {
        foreach (var one in bytes)
        {
            Add(one, keys);
        }
    }

    /// <summary>Nothing has followed: an ESC was the key, and an incomplete sequence is dropped.</summary>
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

    private void Add(byte one, ICollection<Key> keys)
    {
        switch (state)
        {
            case State.Ground when one == 0x1b: Begin(State.Escape); break;
            case State.Ground: AddCharacter(one, keys); break;
            case State.Character: AddContinuation(one, keys); break;
            case State.Escape: AddAfterEscape(one, keys); break;
            case State.Function: Begin(State.Ground); break;
            case State.Paste when paste.Add(one):
                keys.Add(Key.Pasted(paste.TakeText()));
                Begin(State.Ground);
                break;
            case State.Paste: break;
            case State.String when one == 0x1b: state = State.StringEnd; break;
            case State.String when one == 0x07: Begin(State.Ground); break;
            case State.String: break;
            case State.StringEnd when one == '\\': Begin(State.Ground); break;
            case State.StringEnd: AddAgain(State.Escape, one, keys); break;
            default: AddToSequence(one, keys); break;
        }
    }

    private void AddAfterEscape(byte one, ICollection<Key> keys)
    {
        switch ((char)one)
        {
            case '\u001b': keys.Add(new(KeyName.Escape)); break; // That one was the key; this one may begin a sequence.
            case '[': Begin(State.Sequence); break;
            case 'O': Begin(State.SingleShift); break;
            case ']' or 'P' or 'X' or '^' or '_': Begin(State.String); break;
            default:
                Begin(State.Ground);
                modifiers = KeyModifiers.Alt;
                AddCharacter(one, keys);
                break;
        }
    }

    private void AddToSequence(byte one, ICollection<Key> keys)
    {
        if (one is < 0x20 or >= 0x7f)
        {
            AddAgain(State.Ground, one, keys); // The sequence is broken off by something else.
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

    private void AddCharacter(byte one, ICollection<Key> keys)
    {
        if (one >= 0x80)
        {
            state = State.Character;
            AddContinuation(one, keys);
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

    private void AddContinuation(byte one, ICollection<Key> keys)
    {
        character[length++] = one;
        var status = Rune.DecodeFromUtf8(character.AsSpan(0, length), out var rune, out var used);
        if (status == OperationStatus.NeedMoreData)
        {
            return;
        }

        // Bytes that are not UTF-8 give U+FFFD.
        if (!Rune.IsControl(rune))
        {
            keys.Add(new(KeyName.Character, rune.ToString(), modifiers));
        }

        var isLeft = used < length;
        Begin(State.Ground);
        if (isLeft)
        {
            Add(one, keys); // The byte that broke the character off begins the next one.
        }
    }

    private void AddAgain(State from, byte one, ICollection<Key> keys)
    {
        Begin(from);
        Add(one, keys);
    }

    private void Begin(State next)
    {
        (state, modifiers, length) = (next, KeyModifiers.None, 0);
        parameters.Clear();
    }
}
