using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Faults;

/// <summary>One fault.</summary>
/// <param name="After">How long after the fault before it.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Time">For how long, where it takes time.</param>
internal readonly record struct PlannedFault(TimeSpan After, FaultKind Kind, TimeSpan Time);

/// <summary>Which faults come when: the same for the same seed.</summary>
internal sealed class FaultPlan(int seed, IReadOnlyList<FaultKind> kinds)
{
    private readonly Random random = new(seed);

    public PlannedFault Next() => new(
        TimeSpan.FromMilliseconds(random.Next(500, 4000)),
        kinds[random.Next(kinds.Count)],
        TimeSpan.FromMilliseconds(random.Next(200, 2500)));
}
