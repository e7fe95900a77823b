namespace GrpcChat.AspNetCore.Storage;

/// <summary>What was erased. Nothing of it is left in the files of the log.</summary>
public sealed class ErasureSummary
{
    internal ErasureSummary(long erased, long erasedBefore) => (Erased, ErasedBefore) = (erased, erasedBefore);

    /// <summary>How many messages have lost their text.</summary>
    public long Erased { get; }

    /// <summary>How many of the messages had been erased before.</summary>
    public long ErasedBefore { get; }
}
