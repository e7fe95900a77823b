using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>Judges a history: two passes over it, whatever it holds.</summary>
internal static class Checker
{
    /// <summary>The verdicts on C1 to C12.</summary>
    public static IReadOnlyList<Verdict> Check(Recording recording)
    {
        var facts = new Facts(recording);
        Rule[] rules =
        [
            new OneContentPerId(facts),
            new OneIdPerKey(facts),
            new AckedIsStored(facts),
            new RefusedIsNotStored(facts),
            new NothingInvented(facts),
            new ContiguousSessions(facts),
            new SessionsArePartOfLog(facts),
            new RealTimeOrder(facts),
            new SenderOrder(facts),
            new ReadIsDurable(facts),
            new RepeatedAcksAgree(facts),
            new EverybodySettles(facts),
        ];
        for (var index = 0; index < recording.Events.Count; index++)
        {
            ref var happened = ref recording.Events[index];
            foreach (var rule in rules)
            {
                rule.Visit(index, happened);
            }
        }

        foreach (var rule in rules)
        {
            rule.End();
        }

        return [.. rules.Select(rule => rule.Verdict)];
    }
}
