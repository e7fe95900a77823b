using System.Buffers;

namespace Grpc.Core;

/// <summary>
/// Where a marshaller puts one message: either all bytes at once with <see cref="Complete(byte[])"/>, or through
/// <see cref="GetBufferWriter"/> and then <see cref="Complete()"/>.
/// </summary>
public abstract class SerializationContext
{
    /// <summary>For derived classes.</summary>
    protected SerializationContext() { }

    /// <summary>Hands over the whole message; it must not change afterwards.</summary>
    /// <param name="payload">The bytes of the message.</param>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>Buffer to write the message into; <see cref="Complete()"/> ends it.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Announces the size of the message before it is written, which may save copies.</summary>
    /// <param name="payloadLength">Size in bytes.</param>
    public virtual void SetPayloadLength(int payloadLength) { }

    /// <summary>Ends the message that was written to <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
