using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>
/// A receiver whose latencies are counted several times: for the whole round, and for the part of it in which each
/// message was due.
/// </summary>
internal sealed class TimedReceiver(Receiver receiver, IReadOnlyList<Latencies> parts) : IArrivals
{
    public void Message(long id, ReadOnlySpan<byte> text)
    {
        receiver.Message(id, text);
        var due = BenchText.TimestampOf(text);
        foreach (var part in parts)
        {
            part.Record(due);
        }
    }

    public void Ack(long number) => receiver.Ack(number);

    public bool CaughtUp() => receiver.CaughtUp();
}
