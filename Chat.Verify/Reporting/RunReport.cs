using System.Globalization;
using System.Text.Json;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Reporting;

/// <summary>What a run was, and what became of the promises.</summary>
/// <param name="Title">What was run or checked, for people.</param>
/// <param name="Seed">Repeats the plan; null if a file was checked.</param>
/// <param name="Recording">The history.</param>
/// <param name="Verdicts">C1 to C12.</param>
internal sealed record RunReport(string Title, int? Seed, Recording Recording, IReadOnlyList<Verdict> Verdicts)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public bool IsOk => Verdicts.All(verdict => verdict.IsOk);

    public RunCounts Counts { get; } = RunCounts.Of(Recording);

    /// <summary>One line about the run, one per promise, and the excerpts of those that were broken.</summary>
    public IEnumerable<string> Lines()
    {
        yield return Title;
        yield return Counts.ToString();
        foreach (var verdict in Verdicts)
        {
            yield return $"{verdict.Rule} {verdict.Title} … {Describe(verdict)}";
            foreach (var violation in verdict.First.Take(1))
            {
                yield return $"    {violation.Message}:";
                foreach (var index in violation.Events)
                {
                    yield return $"    {EventText.Of(Recording, index)}";
                }
            }
        }
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Title,
            Seed,
            Ok = IsOk,
            Counts,
            Promises = Verdicts.Select(verdict => new
            {
                verdict.Rule,
                verdict.Title,
                Ok = verdict.IsOk,
                Violations = verdict.Count,
                Examples = verdict.First.Select(violation => new
                {
                    violation.Message,
                    Events = violation.Events.Select(index => EventText.Of(Recording, index).Trim()),
                }),
            }),
        },
        Indented);

    public static string Describe(Verdict verdict) => verdict switch
    {
        { IsOk: true } => "ok",
        { Count: 1 } => "violated once",
        _ => string.Create(CultureInfo.InvariantCulture, $"violated {verdict.Count:N0} times"),
    };
}

/// <summary>How much a history holds.</summary>
internal sealed record RunCounts(
    long Sends, long Acked, long Duplicates, long Refused, long Unanswered, long Received, long Sessions, long Faults)
{
    public static RunCounts Of(Recording recording)
    {
        var kinds = new long[(int)EventKind.Settled + 1];
        var duplicates = 0L;
        foreach (var piece in recording.Events.Pieces())
        {
            foreach (ref readonly var happened in piece.Span)
            {
                kinds[(int)happened.Kind]++;
                duplicates += happened.Kind == EventKind.Acked ? happened.Flag : 0;
            }
        }

        return new(
            kinds[(int)EventKind.SendInvoked],
            kinds[(int)EventKind.Acked],
            duplicates,
            kinds[(int)EventKind.Refused],
            kinds[(int)EventKind.Unknown],
            kinds[(int)EventKind.Received],
            kinds[(int)EventKind.SessionBegan],
            kinds[(int)EventKind.FaultBegan]);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"sends {Sends:N0} · acked {Acked:N0} ({Duplicates:N0} duplicates) · refused {Refused:N0} · unanswered at first {Unanswered:N0} · received {Received:N0} · streams {Sessions:N0} · faults {Faults:N0}");
}
