using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.V1;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>Encodes fields of a <see cref="ChatResponse"/>, each with the same length as the service's.</summary>
internal static class ResponseFields
{
    private const int LengthDelimited = 2;

    private static readonly byte[] SentAt = DateTimeOffset.UtcNow.ToTimestamp().ToByteArray();
    private static readonly string LogId = Guid.NewGuid().ToString("N");
    private static readonly Heartbeat Heartbeat = new() { Interval = TimeSpan.FromSeconds(20).ToDuration() };

    /// <summary>The first response.</summary>
    /// <param name="room">The joined room, if any.</param>
    /// <param name="head">Its newest id.</param>
    public static byte[] Greeting(string? room, long head)
    {
        var greeting = new ChatResponse { Heartbeat = Heartbeat };
        if (room is not null)
        {
            greeting.Joined.Add(new Joined
            {
                Room = room,
                LogId = LogId,
                AfterId = head,
                OldestId = head + 1,
                HeadId = head,
                Resume = Resume.Complete,
            });
            greeting.CaughtUp.Add(new CaughtUp { Room = room, Id = head });
        }

        return greeting.ToByteArray();
    }

    public static void WriteAck(
        this ArrayBufferWriter<byte> writer, ReadOnlySpan<byte> room, ReadOnlySpan<byte> clientOffset, long id)
    {
        var size = SizeOf(room) + SizeOf(clientOffset) + SizeOf(id);
        writer.Tag(ChatResponse.AcksFieldNumber, size);
        writer.Bytes(Ack.RoomFieldNumber, room);
        writer.Bytes(Ack.ClientOffsetFieldNumber, clientOffset);
        writer.Number(Ack.IdFieldNumber, id);
    }

    public static void WriteMessage(
        this ArrayBufferWriter<byte> writer,
        ReadOnlySpan<byte> room,
        long id,
        ReadOnlySpan<byte> sender,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> clientOffset)
    {
        var size = SizeOf(room) + SizeOf(id) + SizeOf(sender) + SizeOf(text) + SizeOf(SentAt) + SizeOf(clientOffset);
        writer.Tag(ChatResponse.MessagesFieldNumber, size);
        writer.Bytes(Message.RoomFieldNumber, room);
        writer.Number(Message.IdFieldNumber, id);
        writer.Bytes(Message.SenderFieldNumber, sender);
        writer.Bytes(Message.TextFieldNumber, text);
        writer.Bytes(Message.SentAtFieldNumber, SentAt);
        writer.Bytes(Message.ClientOffsetFieldNumber, clientOffset);
    }

    private static int SizeOf(ReadOnlySpan<byte> value) => 1 + CodedOutputStream.ComputeLengthSize(value.Length) + value.Length;

    private static int SizeOf(long number) => 1 + CodedOutputStream.ComputeInt64Size(number);

    private static void Bytes(this ArrayBufferWriter<byte> writer, int field, ReadOnlySpan<byte> value)
    {
        writer.Tag(field, value.Length);
        writer.Write(value);
    }

    private static void Tag(this ArrayBufferWriter<byte> writer, int field, int length)
    {
        writer.Varint((field << 3) | LengthDelimited);
        writer.Varint(length);
    }

    private static void Number(this ArrayBufferWriter<byte> writer, int field, long number)
    {
        writer.Varint(field << 3);
        writer.Varint(number);
    }

    private static void Varint(this ArrayBufferWriter<byte> writer, long value)
    {
        const int MostBytes = 10;
        var target = writer.GetSpan(MostBytes);
        var written = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[written++] = (byte)(value | 0x80);
        }

        target[written++] = (byte)value;
        writer.Advance(written);
    }
}
