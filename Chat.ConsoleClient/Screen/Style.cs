using System.Globalization;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The style of a cell. Colours are numbers of the 256-colour palette; 0 is the terminal's default.</summary>
internal readonly record struct Style(byte Colour = 0, Looks Looks = Looks.None, byte Background = 0)
{
    /// <summary>Writes the sequence that sets this style, whatever the current one is.</summary>
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

/// <summary>The attributes of a style beside its colours.</summary>
[Flags]
internal enum Looks
{
    None = 0,
    Bold = 1,
    Dim = 2,
    Reverse = 4,
}
