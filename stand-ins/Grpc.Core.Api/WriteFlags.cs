namespace Grpc.Core;

/// <summary>How one message is written; the flags combine.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message need not be sent at once: more follow.</summary>
    BufferHint = 0x1,

    /// <summary>The message is sent uncompressed even where the call compresses.</summary>
    NoCompress = 0x2,
}
