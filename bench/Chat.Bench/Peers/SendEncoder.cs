using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Chat.V1;

namespace Chat.Bench.Peers;

/// <summary>Writes requests as bytes into one buffer that is used again and again.</summary>
/// <param name="room">Where the sends go; empty = the room that the call has joined.</param>
/// <param name="clientId">What the keys begin with; null = a new one.</param>
internal sealed class SendEncoder(string room, string? clientId = null)
{
    /// <summary>So many sends in one request stay far below the 1 MiB that a request may have.</summary>
    public const int MostSends = 1024;

    private const int SentAsUsualBytes = 256;
    private const int MostDigits = 19;

    private readonly byte[] roomBytes = Encoding.ASCII.GetBytes(room);
    private readonly byte[] client = Encoding.ASCII.GetBytes((clientId ?? NewClientId()) + "-");
    private byte[] buffer = [];
    private int position;

    /// <summary>32 digits that nobody else has.</summary>
    public static string NewClientId() => Guid.NewGuid().ToString("N");

    /// <summary>A request with its gRPC prefix; lives until the next one.</summary>
    public ReadOnlyMemory<byte> Encode(long first, int count, long intendedAt)
    {
        var needed = GrpcStream.PrefixBytes + (count * (SentAsUsualBytes + roomBytes.Length));
        buffer = buffer.Length < needed ? new byte[needed] : buffer;
        position = GrpcStream.PrefixBytes;
        Span<byte> text = stackalloc byte[BenchText.Bytes];
        Encoding.ASCII.GetBytes(BenchText.Of(intendedAt), text);
        for (var n = 0; n < count; n++)
        {
            Send(first + n, text);
        }

        buffer[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(1), (uint)(position - GrpcStream.PrefixBytes));
        return buffer.AsMemory(0, position);
    }

    // Every length here is below 128, and so is one byte; but for the send's, which always gets two.
    private void Send(long number, ReadOnlySpan<byte> text)
    {
        Span<byte> digits = stackalloc byte[MostDigits];
        Utf8Formatter.TryFormat(number, digits, out var digitCount);
        var roomField = roomBytes.Length == 0 ? 0 : 2 + roomBytes.Length;
        var length = roomField + 2 + client.Length + digitCount + 2 + text.Length;
        Tag(ChatRequest.SendsFieldNumber);
        buffer[position++] = (byte)(length | 0x80);
        buffer[position++] = (byte)(length >> 7);
        if (roomField > 0)
        {
            Tag(V1.Send.RoomFieldNumber);
            buffer[position++] = (byte)roomBytes.Length;
            Bytes(roomBytes);
        }

        Tag(V1.Send.ClientOffsetFieldNumber);
        buffer[position++] = (byte)(client.Length + digitCount);
        Bytes(client);
        Bytes(digits[..digitCount]);
        Tag(V1.Send.TextFieldNumber);
        buffer[position++] = (byte)text.Length;
        Bytes(text);
    }

    private void Tag(int field)
    {
        const int LengthDelimited = 2;
        buffer[position++] = (byte)((field << 3) | LengthDelimited);
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.AsSpan(position));
        position += bytes.Length;
    }
}
