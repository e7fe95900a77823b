namespace GrpcChat.Client.Connecting;

/// <summary>
/// Chooses at random among those that have not been tried since the last success. When all have been, everything may be
/// tried again, but the last one not at once. So many clients that leave one node spread over the others.
/// </summary>
internal sealed class Rotation<T>(Random random)
    where T : notnull
{
    private readonly HashSet<T> tried = [];

    /// <summary>Takes note that this one is being tried.</summary>
    public T Try(T one)
    {
        tried.Add(one);
        Last = one;
        return one;
    }

    /// <summary>The one that was tried last.</summary>
    public T? Last { get; private set; }

    /// <summary>Chooses one, and takes note of it.</summary>
    /// <param name="all">At least one. They may be others than the last time.</param>
    public T Next(IReadOnlyList<T> all)
    {
        var open = all.Where(one => !tried.Contains(one)).ToList();
        if (open.Count == 0)
        {
            tried.Clear();
            open = [.. all.Where(one => !one.Equals(Last))];
        }

        var from = open.Count > 0 ? open : all;
        return Try(from.Count == 1 ? from[0] : from[Math.Min((int)(random.NextDouble() * from.Count), from.Count - 1)]);
    }

    /// <summary>The last one works: if it fails later, all others are worth an attempt.</summary>
    public void Succeed()
    {
        tried.Clear();
        if (Last is { } last)
        {
            tried.Add(last);
        }
    }
}
