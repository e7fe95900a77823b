using System.Diagnostics.Metrics;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>The service's metrics, as the meter "GrpcChat".</summary>
internal sealed class ChatMetrics : IDisposable
{
    public const string MeterName = "GrpcChat";

    private readonly Meter meter;
    private readonly Counter<long> limited;
    private long streams;
    private long framesPending;
    private long frameBytesPending;
    private long messagesDelivered;

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
        limited = meter.CreateCounter<long>(
            "chat.limited", "{time}", "How often a limit was reached; chat.limit names its option.");
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

    public void Dispose() => meter.Dispose();
}
