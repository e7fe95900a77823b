namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The latest senders of a room, for completion, and the width of their names.</summary>
internal sealed class Senders
{
    private const int Limit = 200; // Twice as many are kept before the older half is dropped.
    private readonly Dictionary<string, long> lastSeen = [];
    private long clock;

    public IEnumerable<string> NewestFirst => lastSeen.OrderByDescending(seen => seen.Value).Select(seen => seen.Key);

    /// <summary>The width of the widest name so far. It never shrinks, so that the text does not jump.</summary>
    public int WidestName { get; private set; }

    public void Add(string sender)
    {
        if (!lastSeen.ContainsKey(sender))
        {
            WidestName = Math.Max(WidestName, Clusters.Measure(sender));
        }

        lastSeen[sender] = ++clock;
        if (lastSeen.Count <= 2 * Limit)
        {
            return;
        }

        foreach (var name in NewestFirst.Skip(Limit).ToArray())
        {
            lastSeen.Remove(name);
        }
    }
}
