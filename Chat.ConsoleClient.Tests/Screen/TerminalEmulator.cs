using System.Globalization;
using System.Text.RegularExpressions;
using GrpcChat.ConsoleClient.Screen;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>
/// A terminal that knows the sequences of the renderer and throws at any other. It may have its own opinion about
/// uncertain widths.
/// </summary>
internal sealed partial class TerminalEmulator(int columns, int rows, Func<string, int>? widthOf = null)
{
    private readonly Func<string, int> widthOf = widthOf ?? CellWidth.Measure;
    private readonly Cell[][] cells = [.. Enumerable.Range(0, rows).Select(_ => Frame.CreateBlankRow(columns))];
    private readonly HashSet<string> saved = [];
    private Style style;

    public HashSet<string> Modes { get; } = [];

    public int Row { get; private set; }

    public int Column { get; private set; }

    public IReadOnlyList<Cell[]> Rows => cells;

    public void Write(string output)
    {
        foreach (Match part in Parts().Matches(output))
        {
            if (part.Groups["final"].Success)
            {
                Apply(part.Groups["parameters"].Value, part.Groups["final"].Value);
            }
            else if (part.Value == "\u001b>")
            {
                Modes.Remove("=");
            }
            else
            {
                Print(part.Value);
            }
        }
    }

    [GeneratedRegex(@"\x1b\[(?<parameters>[0-9;?]*)(?<final>[A-Za-z])|\x1b>|[^\x1b]+|\x1b", RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();

    private void Apply(string parameters, string final)
    {
        int[] numbers = [.. parameters.Split(';').Select(text => int.TryParse(text, CultureInfo.InvariantCulture, out var n) ? n : 0)];
        switch (final)
        {
            case "H": (Row, Column) = (numbers[0] - 1, numbers[1] - 1); break;
            case "G": Column = numbers[0] - 1; break;
            case "K": Array.Fill(cells[Row], new(" ", style), Column, columns - Column); break;
            case "J" when parameters == "2": Array.ForEach(cells, row => Array.Fill(row, new(" ", style))); break;
            case "m": style = Graphics(numbers); break;
            case "h" when parameters[0] == '?': Modes.Add(parameters); break;
            case "l" when parameters[0] == '?': Modes.Remove(parameters); break;
            case "s" when parameters[0] == '?' && Modes.Contains(parameters): saved.Add(parameters); break;
            case "s" when parameters[0] == '?': saved.Remove(parameters); break;
            case "r" when parameters[0] == '?' && saved.Contains(parameters): Modes.Add(parameters); break;
            case "r" when parameters[0] == '?': Modes.Remove(parameters); break;
            default: throw new InvalidOperationException($"ESC [ {parameters} {final} is none of the renderer's.");
        }

        var isInside = Row >= 0 && Row < rows && Column >= 0 && Column < columns;
        if (final is "H" or "G" && !isInside)
        {
            throw new InvalidOperationException("The cursor left the screen.");
        }
    }

    private static Style Graphics(int[] numbers)
    {
        if (numbers[0] != 0)
        {
            throw new InvalidOperationException("A style is built upon another one.");
        }

        var style = default(Style);
        for (var i = 1; i < numbers.Length; i++)
        {
            style = numbers[i] switch
            {
                1 => style with { Looks = style.Looks | Looks.Bold },
                2 => style with { Looks = style.Looks | Looks.Dim },
                7 => style with { Looks = style.Looks | Looks.Reverse },
                38 => style with { Colour = (byte)numbers[i += 2] },
                48 => style with { Background = (byte)numbers[i += 2] },
                _ => throw new InvalidOperationException($"There is no style {numbers[i]}."),
            };
        }

        return style;
    }

    private void Print(string text)
    {
        if (Modes.Contains("?7"))
        {
            throw new InvalidOperationException("Lines would wrap.");
        }

        var clusters = StringInfo.GetTextElementEnumerator(text);
        while (clusters.MoveNext())
        {
            PrintCluster(clusters.GetTextElement());
        }
    }

    private void PrintCluster(string cluster)
    {
        if (cluster.Any(char.IsControl))
        {
            throw new InvalidOperationException($"A control was written: {(int)cluster[0]:x}");
        }

        var width = widthOf(cluster);
        if (width == 0)
        {
            var at = Column - 1;
            while (cells[Row][at].Text.Length == 0)
            {
                at--;
            }

            cells[Row][at] = cells[Row][at] with { Text = cells[Row][at].Text + cluster };
            return;
        }

        var start = Math.Min(Column, columns - width); // Without wrapping, the last cells are overwritten.
        Break(start);
        if (start + width < columns)
        {
            Break(start + width);
        }

        cells[Row][start] = new(cluster, style);
        for (var i = 1; i < width; i++)
        {
            cells[Row][start + i] = new("", style);
        }

        Column = start + width; // Behind the last column if nothing else fits.
    }

    // The rest of a wide cluster that is partly overwritten is blank.
    private void Break(int column)
    {
        var row = cells[Row];
        if (row[column].Text.Length > 0)
        {
            return;
        }

        var first = column;
        while (row[first].Text.Length == 0)
        {
            first--;
        }

        for (var i = first; i < columns && (i == first || row[i].Text.Length == 0); i++)
        {
            row[i] = row[i] with { Text = " " };
        }
    }
}
