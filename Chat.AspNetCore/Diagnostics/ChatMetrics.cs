using System.Diagnostics.Metrics;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>The service's metrics, as the meter "GrpcChat".</summary>
internal sealed class ChatMetrics : IDisposable
{
    public const string MeterName = "GrpcChat";

    private static readonly KeyValuePair<string, object?> TailHit = new("chat.tail.hit", true);
    private static readonly KeyValuePair<string, object?> TailMiss = new("chat.tail.hit", false);

    private readonly Meter meter;
    private readonly Counter<long> limited;
    private readonly Counter<long> refusals;
    private long streams;
    private long framesPending;
    private long frameBytesPending;
    private long messagesDelivered;
    private long acks;
    private long tailHits;
    private long tailMisses;
    private long wakeUps;

    public ChatMetrics(IMeterFactory factory)
    {
        meter = factory.Create(MeterName);
        meter.CreateObservableUpDownCounter("chat.streams", () => Streams, "{stream}", "Open streams.");
        meter.CreateObservableUpDownCounter(
            "chat.frames.pending", () => FramesPending, "{frame}", "Frames that the transport has not taken yet.");
        meter.CreateObservableUpDownCounter(
            "chat.frames.pending.size", () => FrameBytesPending, "By", "Bytes in those frames.");
        meter.CreateObservableCounter(
            "chat.messages.delivered", () => MessagesDelivered, "{message}", "Messages put into frames.");
        meter.CreateObservableCounter("chat.acks", () => Interlocked.Read(ref acks), "{message}", "Acks put into frames.");
        meter.CreateObservableCounter(
            "chat.tail.reads",
            () => new Measurement<long>[] { new(Interlocked.Read(ref tailHits), TailHit), new(Interlocked.Read(ref tailMisses), TailMiss) },
            "{read}",
            "How often a stream's next messages were in the room's tail, or had to be read from the log.");
        meter.CreateObservableCounter(
            "chat.wakeups", () => Interlocked.Read(ref wakeUps), "{stream}", "Streams that were woken by a commit.");
        refusals = meter.CreateCounter<long>(
            "chat.refusals", "{request}", "Sends and joins that were refused; chat.reason says why.");
        limited = meter.CreateCounter<long>(
            "chat.limited", "{time}", "How often a limit was reached; chat.limit names its option.");
    }

    /// <summary>A send or a join was refused.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="limit">The name of the option whose limit was reached; null if none was.</param>
    public void OnRefused(Reason reason, string? limit = null)
    {
        refusals.Add(1, new KeyValuePair<string, object?>("chat.reason", NameOf(reason)));
        if (limit is not null)
        {
            OnLimited(limit);
        }
    }

    /// <summary>A limit was reached.</summary>
    /// <param name="limit">The name of its option.</param>
    public void OnLimited(string limit) => limited.Add(1, new KeyValuePair<string, object?>("chat.limit", limit));

    public long Streams => Interlocked.Read(ref streams);

    public long FramesPending => Interlocked.Read(ref framesPending);

    public long FrameBytesPending => Interlocked.Read(ref frameBytesPending);

    public long MessagesDelivered => Interlocked.Read(ref messagesDelivered);

    public void OnStreamOpened() => Interlocked.Increment(ref streams);

    public void OnStreamClosed() => Interlocked.Decrement(ref streams);

    public void OnFrameStarted(int bytes)
    {
        Interlocked.Increment(ref framesPending);
        Interlocked.Add(ref frameBytesPending, bytes);
    }

    public void OnFrameTaken(int bytes)
    {
        Interlocked.Decrement(ref framesPending);
        Interlocked.Add(ref frameBytesPending, -bytes);
    }

    public void OnMessagesDelivered(int count) => Interlocked.Add(ref messagesDelivered, count);

    public void OnAcked(int count) => Interlocked.Add(ref acks, count);

    public void OnTailRead(bool hit) => Interlocked.Increment(ref hit ? ref tailHits : ref tailMisses);

    public void OnWokenUp(int streams) => Interlocked.Add(ref wakeUps, streams);

    public void Dispose() => meter.Dispose();

    private static string NameOf(Reason reason) => reason switch
    {
        Reason.Invalid => "invalid",
        Reason.TooLarge => "too_large",
        Reason.OffsetReused => "offset_reused",
        Reason.Forbidden => "forbidden",
        Reason.Limit => "limit",
        _ => "other",
    };
}
