using System.Globalization;
using System.Security;
using System.Text;

namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>
/// Writes SVG. A plotting library would bring native graphics libraries for a few rectangles and lines, and here the
/// same records must give the same bytes, so that a diff shows what has changed. The background is white, because the
/// page that shows the image may be dark.
/// </summary>
internal sealed class SvgDrawing(double width, double height)
{
    public const string Ink = "#24292f";
    public const string Grey = "#57606a";
    public const string Faint = "#e4e8ec";

    private readonly StringBuilder elements = new();

    public void Rectangle(double x, double y, double wide, double high, string fill, double corner = 0) =>
        Add($"""<rect x="{N(x)}" y="{N(y)}" width="{N(wide)}" height="{N(high)}" rx="{N(corner)}" fill="{fill}"/>""");

    public void Line(double x1, double y1, double x2, double y2, string color, double thick = 1) =>
        Add($"""<line x1="{N(x1)}" y1="{N(y1)}" x2="{N(x2)}" y2="{N(y2)}" stroke="{color}" stroke-width="{N(thick)}"/>""");

    public void Curve(IEnumerable<(double X, double Y)> points, string color) =>
        Add($"""<polyline points="{string.Join(' ', points.Select(point => $"{N(point.X)},{N(point.Y)}"))}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>""");

    public void Dot(double x, double y, string color) =>
        Add($"""<circle cx="{N(x)}" cy="{N(y)}" r="3.5" fill="{color}"/>""");

    /// <param name="anchor">The part of the text that is at x: start, middle or end.</param>
    public void Text(double x, double y, string text, string anchor = "start", double size = 12, string color = Grey, bool bold = false) =>
        Add($"""<text x="{N(x)}" y="{N(y)}" font-size="{N(size)}" text-anchor="{anchor}" fill="{color}"{(bold ? " font-weight=\"600\"" : "")}>{SecurityElement.Escape(text)}</text>""");

    /// <summary>The approximate width of a text; the viewer chooses the font.</summary>
    public static double WidthOf(string text, double size = 12) => text.Length * size * 0.56;

    public override string ToString() =>
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{N(width)}" height="{N(height)}" viewBox="0 0 {N(width)} {N(height)}" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif">
        <rect x="0.5" y="0.5" width="{N(width - 1)}" height="{N(height - 1)}" rx="6" fill="#ffffff" stroke="#d0d7de"/>
        {elements}</svg>

        """.ReplaceLineEndings("\n");

    private void Add(string element) => elements.Append(element).Append('\n');

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
