namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>The frame of a chart: heading, legend, unit, and a grid with marks.</summary>
internal sealed class ChartFrame
{
    public const double Width = 680;

    /// <summary>The horizontal axis.</summary>
    public const double Floor = Height - 48;

    private const double Small = 11;
    private const double Height = 360;
    private const double Left = 64;
    private const double Right = Width - 20;
    private const double Top = 92;

    private readonly Axis vertical;

    /// <param name="title">The heading.</param>
    /// <param name="unit">Label of the vertical axis: the figure's name with unit.</param>
    /// <param name="legend">Names and colors.</param>
    /// <param name="vertical">Its marks become the grid.</param>
    public ChartFrame(string title, string unit, IEnumerable<(string Name, string Color)> legend, Axis vertical)
    {
        this.vertical = vertical;
        Drawing.Text(20, 30, title, size: 15, color: SvgDrawing.Ink, bold: true);
        var x = 20.0;
        foreach (var (name, color) in legend)
        {
            Drawing.Rectangle(x, 43, 11, 11, color, corner: 2);
            Drawing.Text(x + 16, 53, name, color: SvgDrawing.Ink);
            x += 16 + SvgDrawing.WidthOf(name) + 22;
        }

        Drawing.Text(20, 78, unit, size: Small);
        foreach (var mark in vertical.Marks)
        {
            Drawing.Line(Left, Y(mark), Right, Y(mark), SvgDrawing.Faint);
            Drawing.Text(Left - 8, Y(mark) + 4, Label(mark), "end", Small);
        }
    }

    public SvgDrawing Drawing { get; } = new(Width, Height);

    public double Y(double value) => Floor - (vertical.ShareOf(value) * (Floor - Top));

    /// <param name="share">0 at the left, 1 at the right.</param>
    public static double X(double share) => Left + (share * (Right - Left));

    /// <summary>
    /// A mark below the horizontal axis; it takes two lines if it is wider than its share of the width.
    /// </summary>
    public void Mark(double x, string text, double share = 1)
    {
        var half = text.IndexOf(' ', text.Length / 2);
        var isWide = half >= 0 && SvgDrawing.WidthOf(text, Small) > share * (Right - Left);
        Drawing.Text(x, Floor + 18, isWide ? text[..half] : text, "middle", Small);
        if (isWide)
        {
            Drawing.Text(x, Floor + 32, text[(half + 1)..], "middle", Small);
        }
    }

    /// <summary>Draws the horizontal axis over the grid, with its label.</summary>
    public void Finish(string? horizontal)
    {
        Drawing.Line(Left, Floor, Right, Floor, "#8c959f");
        if (horizontal is not null)
        {
            Drawing.Text((Left + Right) / 2, Height - 12, horizontal, "middle", Small);
        }
    }

    // 1,000 is easier to read than 1 k, as long as there is room.
    private string Label(double mark) => vertical.Marks[^1] <= 10_000 ? Numbers.Text(mark) : Numbers.Short(mark);
}
