using System.Diagnostics;

namespace Chat.Bench.Reporting;

/// <summary>
/// Says on standard error what runs and how long it may take: a line that is rewritten on a terminal, else a line for
/// each round.
/// </summary>
/// <param name="output">Where to.</param>
/// <param name="rewrites">It is a terminal.</param>
internal sealed class Progress(TextWriter output, bool rewrites)
{
    /// <summary>To the second.</summary>
    public DateTimeOffset Begun { get; } = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    private readonly Stopwatch since = Stopwatch.StartNew();
    private string about = "";
    private int shown;

    public static Progress OnStandardError(bool quiet) =>
        new(quiet ? TextWriter.Null : Console.Error, rewrites: !Console.IsErrorRedirected);

    /// <summary>A workload begins.</summary>
    public void Begin(string title) => about = title;

    /// <summary>A step of it begins; <paramref name="rest"/> = an estimate, where there is one.</summary>
    public void Step(string what, TimeSpan? rest = null)
    {
        var left = rest is { } time ? $", about {Short(time)} left" : "";
        var line = $"[{Short(since.Elapsed)}{left}] {about}: {what}";
        output.Write(rewrites ? $"\r{line.PadRight(shown)}" : line + output.NewLine);
        shown = line.Length;
    }

    /// <summary>A line that stays.</summary>
    public void Note(string line)
    {
        Clear();
        output.WriteLine(line);
    }

    /// <summary>Takes the rewritten line away, so that results can be printed.</summary>
    public void Clear()
    {
        if (rewrites && shown > 0)
        {
            output.Write($"\r{new string(' ', shown)}\r");
        }

        shown = 0;
    }

    private static string Short(TimeSpan time) => $"{(int)time.TotalMinutes}:{time.Seconds:00}";
}
