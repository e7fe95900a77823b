using System.Globalization;

namespace GrpcChat.Bench.Reporting;

/// <summary>Formats numbers with three significant digits, independently of the machine's culture.</summary>
internal static class Numbers
{
    /// <summary>60,100 or 7.31 or 0.0214.</summary>
    public static string Text(double value)
    {
        if (!double.IsFinite(value))
        {
            return "–";
        }

        if (value == 0)
        {
            return "0";
        }

        var places = 2 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        var scale = Math.Pow(10, Math.Max(0, -places));
        var rounded = Math.Round(value / scale, Math.Clamp(places, 0, 9)) * scale;
        return rounded.ToString(places > 0 ? "0.#########" : "N0", CultureInfo.InvariantCulture);
    }

    /// <summary>60,100 (54,000–109,000).</summary>
    public static string Text(Spread? spread) => spread switch
    {
        null => "–",
        { } one when one.Min == one.Max => Text(one.Median),
        { } many => $"{Text(many.Median)} ({Text(many.Min)}–{Text(many.Max)})",
    };

    /// <summary>51.2 × (47–55).</summary>
    public static string Times(Spread? ratio) => ratio switch
    {
        null => "–",
        { } one when one.Min == one.Max => $"{Text(one.Median)} ×",
        { } many => $"{Text(many.Median)} × ({Text(many.Min)}–{Text(many.Max)})",
    };

    /// <summary>Short, for charts: 60 k, 1.2 M.</summary>
    public static string Short(double value) => Math.Abs(value) switch
    {
        >= 999_500_000 => $"{Text(value / 1e9)} G",
        >= 999_500 => $"{Text(value / 1e6)} M",
        >= 999.5 => $"{Text(value / 1e3)} k",
        _ => Text(value),
    };
}
