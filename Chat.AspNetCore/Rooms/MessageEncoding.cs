using System.Diagnostics;
using Google.Protobuf;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Rooms;

/// <summary>
/// Encodes a stored row as a <see cref="Message"/>, directly from the bytes of the row. This is the only place where
/// the service encodes by hand, because every message passes through it.
/// </summary>
internal static class MessageEncoding
{
    // Field numbers of google.protobuf.Timestamp.
    private const int SecondsFieldNumber = 1;
    private const int NanosFieldNumber = 2;

    private const int LengthDelimited = 2;
    private const int Varint = 0;
    private const long MicrosecondsPerSecond = 1_000_000;

    /// <summary>
    /// The size of an embedded message of <paramref name="size"/> bytes with its tag (field 1 to 15) and length.
    /// </summary>
    public static int SizeWithPrefix(int size) => 1 + VarintSize((ulong)size) + size;

    /// <summary>
    /// Writes the tag and length in front of an embedded message. Returns the number of bytes written.
    /// </summary>
    public static int WritePrefix(Span<byte> target, int field, int size)
    {
        var writer = new Writer(target);
        writer.Varint(Tag(field, LengthDelimited));
        writer.Varint((ulong)size);
        return writer.Written;
    }

    /// <summary>The size of the encoded message in bytes, without tag and length.</summary>
    public static int SizeOf(scoped in MessageRow row) =>
        SizeWithPrefix(row.Room.Length)
        + NumberSize((ulong)row.Id)
        + SizeWithPrefix(row.Sender.Length)
        + TextSize(row.Text.Length)
        + SizeWithPrefix(TimestampSize(row.SentAt))
        + SizeWithPrefix(row.ClientOffset.Length)
        + NumberSize(row.IsErased ? 1UL : 0);

    /// <summary>Writes the message as an entry of a response: tag, length and the encoded message.</summary>
    /// <param name="row">The message.</param>
    /// <param name="size">The result of <see cref="SizeOf"/>.</param>
    /// <param name="target">Receives the entry.</param>
    public static void WriteEntry(scoped in MessageRow row, int size, Span<byte> target)
    {
        var start = WritePrefix(target, ChatResponse.MessagesFieldNumber, size);
        var written = Write(row, target[start..]);
        Debug.Assert(written == size, "A message must have the length in its prefix.");
    }

    private static int Write(scoped in MessageRow row, Span<byte> target)
    {
        var writer = new Writer(target);
        writer.Bytes(Message.RoomFieldNumber, row.Room);
        writer.Number(Message.IdFieldNumber, (ulong)row.Id);
        writer.Bytes(Message.SenderFieldNumber, row.Sender);
        if (!row.Text.IsEmpty)
        {
            writer.Bytes(Message.TextFieldNumber, row.Text);
        }

        var (seconds, nanos) = Timestamp(row.SentAt);
        writer.Varint(Tag(Message.SentAtFieldNumber, LengthDelimited));
        writer.Varint((ulong)TimestampSize(row.SentAt));
        writer.Number(SecondsFieldNumber, seconds);
        writer.Number(NanosFieldNumber, nanos);
        writer.Bytes(Message.ClientOffsetFieldNumber, row.ClientOffset);
        writer.Number(Message.ErasedFieldNumber, row.IsErased ? 1UL : 0);
        return writer.Written;
    }

    private static int TimestampSize(long microseconds)
    {
        var (seconds, nanos) = Timestamp(microseconds);
        return NumberSize(seconds) + NumberSize(nanos);
    }

    // A time before 1970 has negative seconds, which take ten bytes as a varint, and nanos that are still positive.
    private static (ulong Seconds, ulong Nanos) Timestamp(long microseconds)
    {
        var (seconds, rest) = Math.DivRem(microseconds, MicrosecondsPerSecond);
        return rest < 0
            ? ((ulong)(seconds - 1), (ulong)((rest + MicrosecondsPerSecond) * 1000))
            : ((ulong)seconds, (ulong)(rest * 1000));
    }

    private static ulong Tag(int field, int wireType) => (ulong)((field << 3) | wireType);

    // proto3 writes neither a text that is empty, as that of an erased message, nor a number that is 0.
    private static int TextSize(int bytes) => bytes == 0 ? 0 : SizeWithPrefix(bytes);

    private static int NumberSize(ulong value) => value == 0 ? 0 : 1 + VarintSize(value);

    private static int VarintSize(ulong value) => CodedOutputStream.ComputeUInt64Size(value);

    private ref struct Writer(Span<byte> target)
    {
        private readonly Span<byte> target = target;

        public int Written { get; private set; }

        public void Varint(ulong value)
        {
            while (value >= 0x80)
            {
                target[Written++] = (byte)(value | 0x80);
                value >>= 7;
            }

            target[Written++] = (byte)value;
        }

        public void Number(int field, ulong value)
        {
            if (value != 0)
            {
                Varint(Tag(field, MessageEncoding.Varint));
                Varint(value);
            }
        }

        public void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint(Tag(field, LengthDelimited));
            Varint((ulong)value.Length);
            value.CopyTo(target[Written..]);
            Written += value.Length;
        }
    }
}
