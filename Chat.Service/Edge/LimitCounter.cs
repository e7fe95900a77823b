using System.Diagnostics.Metrics;

namespace GrpcChat.Service.Edge;

/// <summary>
/// Counts in the metrics which limits were reached. The library counts those that it knows in the same way.
/// </summary>
internal sealed class LimitCounter(IMeterFactory meters)
{
    private readonly Counter<long> limited = meters.Create("GrpcChat").CreateCounter<long>(
        "chat.limited", "{time}", "How often a limit was reached; chat.limit names its option.");

    /// <param name="option">The name of the option that limits.</param>
    public void Add(string option) => limited.Add(1, new KeyValuePair<string, object?>("chat.limit", option));
}
