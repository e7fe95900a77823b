using Chat.V1;

namespace Chat.Bench;

/// <summary>Goes through the bytes of one response: which ids its messages have, how many acks, whether the replay is over.</summary>
internal ref struct FrameScanner(ReadOnlySpan<byte> frame)
{
    private const int LengthDelimited = 2;

    private readonly ReadOnlySpan<byte> frame = frame;
    private int position;

    public int Acks { get; private set; }

    public bool CaughtUp { get; private set; }

    /// <summary>Checks that the messages have the ids after <paramref name="lastId"/>; returns the new last id.</summary>
    public long Scan(long lastId)
    {
        while (position < frame.Length)
        {
            var (field, length) = ((int)(Varint() >> 3), (int)Varint());
            var end = position + length;
            switch (field)
            {
                case ChatResponse.MessagesFieldNumber:
                    var id = MessageId(end);
                    lastId = id == lastId + 1
                        ? id
                        : throw new InvalidDataException($"{lastId + 1} was due, and {id} came.");
                    break;
                case ChatResponse.AcksFieldNumber:
                    Acks++;
                    break;
                case ChatResponse.CaughtUpFieldNumber:
                    CaughtUp = true;
                    break;
                case ChatResponse.RefusalsFieldNumber:
                    throw new InvalidDataException($"A send was refused: {Refusal.Parser.ParseFrom(frame[position..end])}");
            }

            position = end;
        }

        return lastId;
    }

    private long MessageId(int end)
    {
        while (position < end)
        {
            var tag = Varint();
            if (tag >> 3 == Message.IdFieldNumber)
            {
                return (long)Varint();
            }

            var value = (int)Varint();
            position += (tag & 7) == LengthDelimited ? value : 0;
        }

        throw new InvalidDataException("A message has no id.");
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = frame[position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
