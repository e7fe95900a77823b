using HdrHistogram;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// The latencies of operations that began during the measurement, however late they ended: an operation that is stuck
/// at the end counts with its whole duration. Thread-safe.
/// </summary>
/// <param name="time">The clock; null = the system's, whose timestamps are those of the stopwatch.</param>
internal sealed class Latencies(TimeProvider? time = null)
{
    private const long MostMicroseconds = 600L * 1000 * 1000;
    private const int Digits = 3;
    private const double MicrosecondsPerMillisecond = 1000;

    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly Lock gate = new();
    private readonly LongHistogram all = new(1, MostMicroseconds, Digits);
    private readonly LongHistogram inThisSecond = new(1, MostMicroseconds, Digits);
    private readonly List<Point> p99PerSecond = [];
    private long begin = long.MaxValue;
    private long end = long.MaxValue;
    private long second;

    /// <summary>p99 in ms of the operations that ended in each second of the measurement.</summary>
    public IReadOnlyList<Point> P99PerSecond
    {
        get
        {
            lock (gate)
            {
                return [.. p99PerSecond];
            }
        }
    }

    public double Max => Percentile(100);

    /// <summary>Begins the measurement.</summary>
    public void Begin() => Volatile.Write(ref begin, time.GetTimestamp());

    /// <summary>Ends the measurement: operations that begin later do not count.</summary>
    public void End() => Volatile.Write(ref end, time.GetTimestamp());

    /// <summary>
    /// Records an operation that was due at <paramref name="from"/>, a timestamp of the clock, and has just ended.
    /// </summary>
    public void Record(long from)
    {
        if (from < Volatile.Read(ref begin) || from >= Volatile.Read(ref end))
        {
            return;
        }

        lock (gate)
        {
            var now = time.GetTimestamp();
            var microseconds = (now - from) * 1_000_000 / time.TimestampFrequency;
            MoveTo((now - begin) / time.TimestampFrequency);
            all.RecordValue(Math.Clamp(microseconds, 1, MostMicroseconds));
            inThisSecond.RecordValue(Math.Clamp(microseconds, 1, MostMicroseconds));
        }
    }

    /// <summary>In milliseconds; NaN if nothing was recorded.</summary>
    /// <param name="percent">0 to 100.</param>
    public double Percentile(double percent)
    {
        lock (gate)
        {
            return Percentile(all, percent);
        }
    }

    /// <summary>p50 and p99 in ms of the operations that ended since the last call.</summary>
    public (double P50, double P99) Take()
    {
        lock (gate)
        {
            var taken = (Percentile(inThisSecond, 50), Percentile(inThisSecond, 99));
            inThisSecond.Reset();
            return taken;
        }
    }

    private static double Percentile(LongHistogram histogram, double percent) =>
        histogram.TotalCount == 0 ? double.NaN : histogram.GetValueAtPercentile(percent) / MicrosecondsPerMillisecond;

    private void MoveTo(long current)
    {
        if (current == second)
        {
            return;
        }

        if (inThisSecond.TotalCount > 0)
        {
            p99PerSecond.Add(new Point(second + 1, Percentile(inThisSecond, 99)));
            inThisSecond.Reset();
        }

        second = current;
    }
}
