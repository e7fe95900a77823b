using System.Buffers;
using Grpc.Core;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>One response: a sequence of encoded parts, which other streams may share.</summary>
internal sealed class Frame
{
    /// <summary>The maximum size of a response in the protocol.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly List<ReadOnlyMemory<byte>> parts = new(1);

    public int Length { get; private set; }

    public void Add(ReadOnlyMemory<byte> part)
    {
        parts.Add(part);
        Length += part.Length;
    }

    public void Clear()
    {
        parts.Clear();
        Length = 0;
    }

    public static void Serialize(Frame frame, SerializationContext context)
    {
        context.SetPayloadLength(frame.Length);
        var target = context.GetBufferWriter();
        foreach (var part in frame.parts)
        {
            target.Write(part.Span);
        }

        context.Complete();
    }
}
