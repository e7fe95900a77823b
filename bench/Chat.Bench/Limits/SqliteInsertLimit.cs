using System.Diagnostics;
using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Limits;

/// <summary>
/// limit-sqlite: a bare loop that inserts the rows of the service's log with prepared statements, in batches of given
/// sizes, each in one synced transaction.
/// </summary>
/// <param name="directory">Where it creates its database, which it does not delete.</param>
/// <param name="batches">The sizes, used in turn.</param>
/// <param name="length">How long it runs after the warm-up.</param>
/// <param name="rooms">The number of rooms, in turn.</param>
internal sealed class SqliteInsertLimit(string directory, IReadOnlyList<int> batches, TimeSpan length, int rooms = 1)
{
    private const int Senders = 8;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public RoundResult Run(CancellationToken stop)
    {
        using var writer = new BareWriter(directory, Senders, rooms);
        var warm = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(warm) < WarmUp && !stop.IsCancellationRequested)
        {
            writer.Store(batches[0]);
        }

        var (before, commits) = (writer.Rows, 0);
        var usage = new ProcessUsage(Environment.ProcessId);
        var (written, cpu, began) = (usage.Written, usage.Cpu, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < length && !stop.IsCancellationRequested)
        {
            writer.Store(batches[commits % batches.Count]);
            commits++;
        }

        var rows = (double)(writer.Rows - before);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [Figures.RowsPerSecond] = rows / seconds,
                [Figures.ServerCpuPerSend] = (usage.Cpu - cpu).TotalMicroseconds / rows,
                [Figures.WrittenPerSend] = (usage.Written - written) / 1024.0 / rows,
                ["commits/s"] = commits / seconds,
                ["rows per commit"] = rows / commits,
            },
        };
    }
}
