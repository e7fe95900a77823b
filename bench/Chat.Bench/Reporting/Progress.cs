using System.Diagnostics;

namespace GrpcChat.Bench.Reporting;

/// <summary>
/// Shows on standard error what is running and how long it may take: on a terminal one line that is rewritten,
/// otherwise a line for each round.
/// </summary>
/// <param name="output">Where it writes.</param>
/// <param name="rewrites">Whether that is a terminal.</param>
internal sealed class Progress(TextWriter output, bool rewrites)
{
    /// <summary>The start of the run, to the second.</summary>
    public DateTimeOffset Begun { get; } = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    private readonly Stopwatch since = Stopwatch.StartNew();
    private string about = "";
    private int shown;

    public static Progress OnStandardError(bool quiet) =>
        new(quiet ? TextWriter.Null : Console.Error, rewrites: !Console.IsErrorRedirected);

    /// <summary>Names the workload that begins.</summary>
    public void Begin(string title) => about = title;

    /// <summary>Shows the step that begins, with an estimate of the remaining time if there is one.</summary>
    public void Step(string what, TimeSpan? rest = null)
    {
        var left = rest is { } time ? $", about {Short(time)} left" : "";
        var line = $"[{Short(since.Elapsed)}{left}] {about}: {what}";
        output.Write(rewrites ? $"\r{line.PadRight(shown)}" : line + output.NewLine);
        shown = line.Length;
    }

    /// <summary>Writes a line that is not rewritten.</summary>
    public void Note(string line)
    {
        Clear();
        output.WriteLine(line);
    }

    /// <summary>Removes the rewritten line, so that results can be printed.</summary>
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
