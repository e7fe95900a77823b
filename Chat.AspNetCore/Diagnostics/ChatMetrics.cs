using System.Diagnostics.Metrics;
using Chat.AspNetCore.Sessions;

namespace Chat.AspNetCore.Diagnostics;

/// <summary>What the service counts, as the meter "GrpcChat".</summary>
internal sealed class ChatMetrics : IDisposable
{
    public const string MeterName = "GrpcChat";

    private readonly Meter meter;
    private long framesPending;
    private long frameBytesPending;
    private long messagesDelivered;

    public ChatMetrics(IMeterFactory factory, OpenStreams streams)
    {
        meter = factory.Create(MeterName);
        meter.CreateObservableUpDownCounter("chat.streams", () => streams.Count, "{stream}", "Open streams.");
        meter.CreateObservableUpDownCounter(
            "chat.frames.pending", () => FramesPending, "{frame}", "Frames that the transport has not taken yet.");
        meter.CreateObservableUpDownCounter(
            "chat.frames.pending.size", () => FrameBytesPending, "By", "Bytes in those frames.");
        meter.CreateObservableCounter(
            "chat.messages.delivered", () => MessagesDelivered, "{message}", "Messages put into frames.");
    }

    public long FramesPending => Interlocked.Read(ref framesPending);

    public long FrameBytesPending => Interlocked.Read(ref frameBytesPending);

    public long MessagesDelivered => Interlocked.Read(ref messagesDelivered);

    public void FrameBegins(int bytes)
    {
        Interlocked.Increment(ref framesPending);
        Interlocked.Add(ref frameBytesPending, bytes);
    }

    public void FrameEnds(int bytes)
    {
        Interlocked.Decrement(ref framesPending);
        Interlocked.Add(ref frameBytesPending, -bytes);
    }

    public void Delivered(int messages) => Interlocked.Add(ref messagesDelivered, messages);

    public void Dispose() => meter.Dispose();
}
