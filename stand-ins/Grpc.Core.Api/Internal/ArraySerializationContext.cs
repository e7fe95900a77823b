using System.Buffers;

namespace Grpc.Core.Internal;

/// <summary>Collects one message in memory, for callers that want it as an array.</summary>
internal sealed class ArraySerializationContext : SerializationContext
{
    private ArrayBufferWriter<byte>? writer;
    private byte[]? payload;
    private int capacity;

    public byte[] Payload =>
        payload ?? throw new InvalidOperationException("The serializer did not complete the message.");

    public override void Complete(byte[] payload) => SetPayload(payload);

    public override void SetPayloadLength(int payloadLength) => capacity = payloadLength;

    public override IBufferWriter<byte> GetBufferWriter() =>
        writer ??= capacity > 0 ? new ArrayBufferWriter<byte>(capacity) : new ArrayBufferWriter<byte>();

    public override void Complete() => SetPayload(writer is null ? [] : writer.WrittenSpan.ToArray());

    private void SetPayload(byte[] bytes)
    {
        if (payload is not null)
            throw new InvalidOperationException("The message is already complete.");
        payload = bytes;
    }
}
