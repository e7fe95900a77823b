using System.Globalization;

namespace Chat.Bench;

/// <summary>What one load has shown.</summary>
/// <param name="title">The load.</param>
internal sealed class Report(string title)
{
    private readonly List<(string Name, string Value)> figures = [];

    /// <summary>What did not arrive as it must have, or null.</summary>
    public string? Failure { get; init; }

    public Report Add(string name, FormattableString value)
    {
        figures.Add((name, value.ToString(CultureInfo.InvariantCulture)));
        return this;
    }

    /// <summary>Prints it; returns the exit code: 1 where something did not arrive.</summary>
    public static int Print(Report report)
    {
        Console.WriteLine(report.Title);
        Console.WriteLine($"on {Environment.ProcessorCount} × {Processor()}, {Environment.OSVersion.VersionString}");
        var width = report.figures.Max(figure => figure.Name.Length);
        report.figures.ForEach(figure => Console.WriteLine($"  {figure.Name.PadRight(width)}  {figure.Value,14}"));
        Console.WriteLine($"  {"every message arrived".PadRight(width)}  {(report.Failure is null ? "yes" : "NO"),14}");
        if (report.Failure is not null)
        {
            Console.Error.WriteLine(report.Failure);
        }

        return report.Failure is null ? 0 : 1;
    }

    private string Title { get; } = title;

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo";
        var line = File.Exists(Information)
            ? File.ReadLines(Information).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 2)..] ?? "processor unknown";
    }
}
