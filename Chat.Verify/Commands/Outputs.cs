using System.CommandLine;
using GrpcChat.Verify.Reporting;

namespace GrpcChat.Verify.Commands;

/// <summary>Where a report goes, beside standard output.</summary>
internal sealed class Outputs
{
    private readonly Option<string?> json = new("--json") { Description = "Write the verdicts as JSON", HelpName = "file" };
    private readonly Option<string?> html = new("--html") { Description = "Write a report for people, with a timeline", HelpName = "file" };

    public void AddTo(Command command)
    {
        command.Options.Add(json);
        command.Options.Add(html);
    }

    /// <summary>Writes the report; returns the exit code.</summary>
    public int Write(ParseResult parsed, RunReport report)
    {
        foreach (var line in report.Lines())
        {
            Console.WriteLine(line);
        }

        if (parsed.GetValue(json) is { } jsonFile)
        {
            File.WriteAllText(jsonFile, report.ToJson());
        }

        if (parsed.GetValue(html) is { } htmlFile)
        {
            File.WriteAllText(htmlFile, HtmlReport.Of(report));
        }

        return report.IsOk ? ExitCodes.Ok : ExitCodes.Violation;
    }
}
