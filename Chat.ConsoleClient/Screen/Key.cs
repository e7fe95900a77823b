namespace GrpcChat.ConsoleClient.Screen;

/// <summary>A key that was pressed, or a text that was pasted.</summary>
/// <param name="Name">Which key.</param>
/// <param name="Text">
/// The character that it types (with Control or Alt, its letter), or the text that was pasted; may be empty.
/// </param>
/// <param name="Modifiers">The modifier keys that were held down.</param>
internal readonly record struct Key(KeyName Name, string Text = "", KeyModifiers Modifiers = KeyModifiers.None)
{
    public static Key Typed(string character) => new(KeyName.Character, character);

    public static Key Control(char letter) => new(KeyName.Character, letter.ToString(), KeyModifiers.Control);

    public static Key Alt(char letter) => new(KeyName.Character, letter.ToString(), KeyModifiers.Alt);

    public static Key Pasted(string text) => new(KeyName.Paste, text);
}

/// <summary>The keys that the screen knows.</summary>
internal enum KeyName
{
    Character,
    Paste,
    Enter,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Escape,
}

/// <summary>Modifier keys, numbered as in the sequences of terminals.</summary>
[Flags]
internal enum KeyModifiers
{
    None = 0,
    Shift = 1,
    Alt = 2,
    Control = 4,
}
