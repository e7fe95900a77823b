using System.Diagnostics;
using Chat.Bench.Loads;

namespace Chat.Bench.Limits;

/// <summary>
/// limit-sqlite: a bare loop of prepared inserts of the rows that the service's log stores, in batches of given sizes, one
/// synced transaction each.
/// </summary>
/// <param name="directory">Where its database is made, and left.</param>
/// <param name="batches">The sizes, one after the other and then from the beginning.</param>
/// <param name="length">How long.</param>
internal sealed class SqliteInsertLimit(string directory, IReadOnlyList<int> batches, TimeSpan length)
{
    private const int Senders = 8;

    public RoundResult Run(CancellationToken stop)
    {
        using var writer = new BareWriter(directory, Senders);
        var commits = 0;
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < length && !stop.IsCancellationRequested)
        {
            writer.Store(batches[commits % batches.Count]);
            commits++;
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                ["rows/s"] = writer.Rows / seconds,
                ["commits/s"] = commits / seconds,
                ["rows per commit"] = writer.Rows / (double)commits,
            },
        };
    }
}
