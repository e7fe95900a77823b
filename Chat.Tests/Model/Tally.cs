using System.Collections.Concurrent;

namespace GrpcChat.Tests.Model;

/// <summary>Counts what the sequences met, so that a run shows how much it covered.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, int> counts = [];

    public int this[string what] => counts.GetValueOrDefault(what);

    public void Count(string what) => counts.AddOrUpdate(what, 1, (_, count) => count + 1);

    public override string ToString() =>
        string.Join(Environment.NewLine, counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value,8} {count.Key}"));
}
