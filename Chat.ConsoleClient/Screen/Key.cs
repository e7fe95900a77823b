namespace Chat.ConsoleClient.Screen;

/// <summary>A key that was pressed, or a text that was pasted.</summary>
/// <param name="Name">Which key.</param>
/// <param name="Text">What it types: a character (with Control or Alt its letter), or all that was pasted; or empty.</param>
/// <param name="Modifiers">What was held down with it.</param>
internal readonly record struct Key(KeyName Name, string Text = "", KeyModifiers Modifiers = KeyModifiers.None)
{
    public static Key Typed(string character) => new(KeyName.Character, character);

    public static Key Control(char letter) => new(KeyName.Character, letter.ToString(), KeyModifiers.Control);

    public static Key Alt(char letter) => new(KeyName.Character, letter.ToString(), KeyModifiers.Alt);

    public static Key Pasted(string text) => new(KeyName.Paste, text);
}

/// <summary>The keys that mean something.</summary>
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

/// <summary>What was held down with a key, numbered as in a terminal's sequences.</summary>
[Flags]
internal enum KeyModifiers
{
    None = 0,
    Shift = 1,
    Alt = 2,
    Control = 4,
}
