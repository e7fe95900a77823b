using System.Globalization;
using System.Text;

namespace Chat.ConsoleClient.Screen;

/// <summary>How a cell looks. Colours are numbers of the palette of 256; 0 = the terminal's own.</summary>
internal readonly record struct Style(byte Colour = 0, Looks Looks = Looks.None, byte Background = 0)
{
    /// <summary>Writes the sequence that sets this style, whatever was set before.</summary>
    public void Write(StringBuilder output)
    {
        output.Append("\u001b[0");
        if (Looks.HasFlag(Looks.Bold))
        {
            output.Append(";1");
        }

        if (Looks.HasFlag(Looks.Dim))
        {
            output.Append(";2");
        }

        if (Looks.HasFlag(Looks.Reverse))
        {
            output.Append(";7");
        }

        if (Colour != 0)
        {
            output.Append(CultureInfo.InvariantCulture, $";38;5;{Colour}");
        }

        if (Background != 0)
        {
            output.Append(CultureInfo.InvariantCulture, $";48;5;{Background}");
        }

        output.Append('m');
    }
}

/// <summary>What a style has beside its colours.</summary>
[Flags]
internal enum Looks
{
    None = 0,
    Bold = 1,
    Dim = 2,
    Reverse = 4,
}
