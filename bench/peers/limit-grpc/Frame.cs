using System.Buffers;
using Grpc.Core;

namespace Chat.Bench.LimitGrpc;

/// <summary>One response: encoded parts that follow each other, and that other streams may be sending, too.</summary>
internal sealed class Frame
{
    /// <summary>What the protocol allows.</summary>
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
