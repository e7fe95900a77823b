using System.Buffers.Text;
using GrpcChat.V1;

namespace GrpcChat.Bench.Peers;

/// <summary>Reports what the bytes of one <see cref="ChatResponse"/> hold, without building an object.</summary>
internal ref struct ResponseScanner(ReadOnlySpan<byte> frame)
{
    private const int Varints = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private readonly ReadOnlySpan<byte> frame = frame;
    private int position;

    /// <summary>
    /// Reports everything in the frame; returns false if <paramref name="arrivals"/> wants to stop reading.
    /// </summary>
    /// <exception cref="InvalidDataException">The service refused a send or a join, or sent a GoAway.</exception>
    public bool Scan(IArrivals arrivals)
    {
        var goesOn = true;
        while (position < frame.Length)
        {
            var (field, length) = ((int)(Varint() >> 3), (int)Varint());
            var end = position + length;
            switch (field)
            {
                case ChatResponse.MessagesFieldNumber:
                    Message(end, arrivals);
                    break;
                case ChatResponse.AcksFieldNumber:
                    arrivals.Ack(AckedNumber(end));
                    break;
                case ChatResponse.CaughtUpFieldNumber:
                    goesOn &= arrivals.CaughtUp();
                    break;
                case ChatResponse.RefusalsFieldNumber:
                    throw new InvalidDataException($"The service refused a send: {Refusal.Parser.ParseFrom(frame[position..end])}");
                case ChatResponse.LeftFieldNumber:
                    throw new InvalidDataException($"The service refused a join: {Left.Parser.ParseFrom(frame[position..end])}");
                case ChatResponse.GoAwayFieldNumber:
                    throw new InvalidDataException($"The service sent GoAway: {GoAway.Parser.ParseFrom(frame[position..end])}");
            }

            position = end;
        }

        return goesOn;
    }

    private void Message(int end, IArrivals arrivals)
    {
        var id = 0L;
        ReadOnlySpan<byte> text = default;
        while (position < end && (id == 0 || text.IsEmpty))
        {
            var tag = (uint)Varint();
            switch (tag >> 3)
            {
                case V1.Message.IdFieldNumber:
                    id = (long)Varint();
                    break;
                case V1.Message.TextFieldNumber:
                    text = Bytes();
                    break;
                default:
                    Skip(tag);
                    break;
            }
        }

        arrivals.Message(id, text);
    }

    // The client offset is the client's id, a dash and the number of the send.
    private long AckedNumber(int end)
    {
        while (position < end)
        {
            var tag = (uint)Varint();
            if (tag >> 3 == Ack.ClientOffsetFieldNumber)
            {
                var offset = Bytes();
                var digits = offset[(offset.LastIndexOf((byte)'-') + 1)..];
                if (Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length)
                {
                    return number;
                }
            }
            else
            {
                Skip(tag);
            }
        }

        throw new InvalidDataException("The client offset of an ack does not end with a number.");
    }

    private ReadOnlySpan<byte> Bytes()
    {
        var length = (int)Varint();
        position += length;
        return frame.Slice(position - length, length);
    }

    private void Skip(uint tag)
    {
        switch (tag & 7)
        {
            case Varints:
                Varint();
                break;
            case Fixed64:
                position += sizeof(ulong);
                break;
            case LengthDelimited:
                Bytes();
                break;
            case Fixed32:
                position += sizeof(uint);
                break;
            default:
                throw new InvalidDataException($"Unknown wire type {tag & 7}.");
        }
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
