using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller takes one message from. Valid only during the call of the deserializer.</summary>
public abstract class DeserializationContext
{
    /// <summary>For derived classes.</summary>
    protected DeserializationContext() { }

    /// <summary>Size of the message in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>The message in an array of its own, which the caller may keep.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    /// <summary>The message without a copy; the memory is reused once the deserializer returns.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotImplementedException();
}
