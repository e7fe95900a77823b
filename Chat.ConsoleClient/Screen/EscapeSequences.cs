using System.Globalization;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The sequences that terminals send for keys: those of xterm, rxvt and the Linux console.</summary>
internal static class EscapeSequences
{
    /// <summary>Finds the key of a complete sequence; null for an unknown one.</summary>
    /// <param name="parameters">The characters between <c>ESC [</c> or <c>ESC O</c> and the last one.</param>
    /// <param name="final">The last character.</param>
    public static Key? Find(string parameters, char final)
    {
        var numbers = parameters.Split(';');
        var name = final switch
        {
            'A' => KeyName.Up,
            'B' => KeyName.Down,
            'C' => KeyName.Right,
            'D' => KeyName.Left,
            'H' => KeyName.Home,
            'F' => KeyName.End,
            'M' => KeyName.Enter, // The keypad's, as ESC O M.
            'Z' => KeyName.BackTab,
            '~' => FindByNumber(numbers[0]),
            _ => null,
        };
        return name is null || !TryGetModifiers(numbers, out var modifiers) ? null : new Key(name.Value, "", modifiers);
    }

    private static KeyName? FindByNumber(string number) => number switch
    {
        "1" or "7" => KeyName.Home,
        "3" => KeyName.Delete,
        "4" or "8" => KeyName.End,
        "5" => KeyName.PageUp,
        "6" => KeyName.PageDown,
        _ => null,
    };

    // ESC [ 1 ; 5 C is Control-Right: the number is one more than the sum of the modifiers. Super and hyper are unknown
    // here.
    private static bool TryGetModifiers(string[] numbers, out KeyModifiers modifiers)
    {
        modifiers = KeyModifiers.None;
        if (numbers.Length == 1)
        {
            return numbers[0].All(char.IsAsciiDigit);
        }

        _ = int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sum);
        modifiers = (KeyModifiers)(sum - 1);
        return numbers.Length == 2 && sum is >= 1 and <= 8;
    }
}
