using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using GrpcChat.V1;

namespace GrpcChat.Bench.Peers;

/// <summary>Encodes requests into one buffer, which every request overwrites.</summary>
/// <param name="room">The room of the sends; empty = the room that the stream has joined.</param>
/// <param name="clientId">The prefix of the client offsets; null = a new one.</param>
internal sealed class SendEncoder(string room, string? clientId = null)
{
    /// <summary>A request with as many sends is still far below the limit of 1 MiB.</summary>
    public const int MostSends = 1024;

    private const int MostBytesWithoutRoom = 256;
    private const int MostDigits = 19;

    private readonly byte[] roomBytes = Encoding.ASCII.GetBytes(room);
    private readonly byte[] client = Encoding.ASCII.GetBytes((clientId ?? NewClientId()) + "-");
    private byte[] buffer = [];
    private int position;

    /// <summary>A unique id of 32 digits.</summary>
    public static string NewClientId() => Guid.NewGuid().ToString("N");

    /// <summary>Encodes a request with its gRPC prefix; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Encode(long first, int count, long intendedAt)
    {
        var needed = GrpcStream.PrefixBytes + (count * (MostBytesWithoutRoom + roomBytes.Length));
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

    // Each length is below 128 and takes one byte, except that of the send, which is always written as two.
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
