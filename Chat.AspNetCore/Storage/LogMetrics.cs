using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// What a log measures, whatever it keeps its messages in: what became of each send and how long that took, and the size and the
/// commit of each batch. Only the log's writer records these.
/// </summary>
internal sealed class LogMetrics
{
    // From a disk without fsync to one that is far too slow.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries =
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<int> Counts = new()
    {
        HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
    };

    private const string OutcomeKey = "chat.outcome";

    private static readonly KeyValuePair<string, object?> StoredTag = new(OutcomeKey, "stored");
    private static readonly KeyValuePair<string, object?> DuplicateTag = new(OutcomeKey, "duplicate");
    private static readonly KeyValuePair<string, object?> RefusedTag = new(OutcomeKey, "refused");
    private static readonly KeyValuePair<string, object?> AnsweredTag = new(OutcomeKey, "answered");
    private static readonly KeyValuePair<string, object?> BehindTag = new(OutcomeKey, "behind");

    private readonly Counter<long> sends;
    private readonly Histogram<double> appendDuration;
    private readonly Histogram<int> batchSize;
    private readonly Histogram<double> commitDuration;
    private readonly Counter<long> trimmed;
    private readonly Counter<long> replicaReads;

    /// <param name="meter">The service's meter.</param>
    public LogMetrics(Meter meter)
    {
        Meter = meter;
        sends = meter.CreateCounter<long>(
            "chat.log.sends", "{message}", "Sends that the log has answered; chat.outcome is stored, duplicate or refused.");
        appendDuration = meter.CreateHistogram(
            "chat.log.append.duration", "s", "Time from a send's place in the log's queue to its commit.", [], Seconds);
        batchSize = meter.CreateHistogram("chat.log.batch.size", "{message}", "Sends in one transaction.", [], Counts);
        commitDuration = meter.CreateHistogram(
            "chat.log.commit.duration", "s", "Time of one commit, which is mostly its fsync.", [], Seconds);
        trimmed = meter.CreateCounter<long>("chat.log.trimmed", "{message}", "Old messages that were removed.");
        replicaReads = meter.CreateCounter<long>(
            "chat.log.replica.reads", "{read}", "Reads that a read replica was asked for; chat.outcome is answered or behind.");
    }

    /// <summary>Measures nothing that anybody sees.</summary>
    public static LogMetrics None { get; } = new(new Meter("none"));

    /// <summary>For what one kind of log measures beside this.</summary>
    public Meter Meter { get; }

    /// <summary>A commit has ended.</summary>
    /// <param name="began">When it began: a timestamp of <see cref="Stopwatch"/>.</param>
    public void OnCommitted(long began) => commitDuration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);

    /// <summary>Old messages have been removed.</summary>
    public void OnTrimmed(long messages) => trimmed.Add(messages);

    /// <summary>A read replica was asked for messages.</summary>
    /// <param name="isAnswered">Whether it had them as they are now. If not, the primary is asked.</param>
    public void OnReplicaRead(bool isAnswered) => replicaReads.Add(1, isAnswered ? AnsweredTag : BehindTag);

    /// <summary>The sends of a batch have their results.</summary>
    public void OnAnswered(List<Append> batch)
    {
        if (!sends.Enabled && !appendDuration.Enabled && !batchSize.Enabled)
        {
            return;
        }

        var (stored, duplicates, refused, now) = (0, 0, 0, Stopwatch.GetTimestamp());
        foreach (var append in batch)
        {
            appendDuration.Record(Stopwatch.GetElapsedTime(append.QueuedAt, now).TotalSeconds);
            switch (append.Result)
            {
                case { Refused: not null }:
                    refused++;
                    break;
                case { Duplicate: true }:
                    duplicates++;
                    break;
                default:
                    stored++;
                    break;
            }
        }

        batchSize.Record(batch.Count);
        Add(stored, StoredTag);
        Add(duplicates, DuplicateTag);
        Add(refused, RefusedTag);
    }

    private void Add(int count, KeyValuePair<string, object?> outcome)
    {
        if (count > 0)
        {
            sends.Add(count, outcome);
        }
    }
}
