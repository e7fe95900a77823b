using GrpcChat.V1;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>Iterates over the sends in the bytes of one request, and skips everything else.</summary>
internal ref struct SendScanner(ReadOnlySpan<byte> request)
{
    private readonly ReadOnlySpan<byte> request = request;
    private int position;

    public readonly int RequestBytes => request.Length;

    public ReadOnlySpan<byte> Room { get; private set; }

    public ReadOnlySpan<byte> ClientOffset { get; private set; }

    public ReadOnlySpan<byte> Text { get; private set; }

    /// <summary>Moves to the next send; false = there are no more.</summary>
    public bool MoveNext()
    {
        while (position < request.Length)
        {
            var field = (int)(Varint() >> 3);
            var end = (int)Varint() + position;
            if (field == ChatRequest.SendsFieldNumber)
            {
                Read(end);
                return true;
            }

            position = end;
        }

        return false;
    }

    private void Read(int end)
    {
        Room = ClientOffset = Text = default;
        while (position < end)
        {
            var field = (int)(Varint() >> 3);
            var length = (int)Varint();
            var value = request.Slice(position, length);
            position += length;
            switch (field)
            {
                case Send.RoomFieldNumber:
                    Room = value;
                    break;
                case Send.ClientOffsetFieldNumber:
                    ClientOffset = value;
                    break;
                case Send.TextFieldNumber:
                    Text = value;
                    break;
            }
        }
    }

    // Assumes that every field of requests and sends is length-delimited.
    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = request[position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
