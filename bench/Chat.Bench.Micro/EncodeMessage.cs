using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.Bench.Micro;

/// <summary>
/// Encodes one message: from a row, as the service does, and from an object, with the generated code.
/// </summary>
public class EncodeMessage
{
    private readonly byte[] target = new byte[1024];
    private readonly byte[] room = "bench"u8.ToArray();
    private readonly byte[] sender = "sender-1"u8.ToArray();
    private readonly byte[] clientOffset = "0123456789abcdef0123456789abcdef-12345"u8.ToArray();
    private readonly byte[] text = new byte[120];
    private Message message = null!;

    /// <summary>Creates the object once.</summary>
    [GlobalSetup]
    public void Make()
    {
        text.AsSpan().Fill((byte)'x');
        var size = Row();
        message = Message.Parser.ParseFrom(target, MessageEncoding.SizeWithPrefix(size) - size, size);
    }

    /// <summary>From the bytes of a row of the log.</summary>
    [Benchmark]
    public int Row()
    {
        var row = new MessageRow
        {
            Room = room,
            Id = 123_456,
            Sender = sender,
            Text = text,
            ClientOffset = clientOffset,
            SentAt = 1_767_225_600_123_456,
        };
        var size = MessageEncoding.SizeOf(row);
        MessageEncoding.WriteEntry(row, size, target);
        return size;
    }

    /// <summary>From an existing object.</summary>
    [Benchmark]
    public int Generated()
    {
        var size = message.CalculateSize();
        message.WriteTo(target.AsSpan(0, size));
        return size;
    }
}
