namespace GrpcChat.AspNetCore.Storage;

/// <summary>What was erased. No reader of the log gets it any more.</summary>
public sealed class ErasureSummary
{
    internal ErasureSummary(long erased, long erasedBefore, string? traces = null) =>
        (Erased, ErasedBefore, Traces) = (erased, erasedBefore, traces);

    /// <summary>How many messages have lost their text.</summary>
    public long Erased { get; }

    /// <summary>How many of the messages had been erased before.</summary>
    public long ErasedBefore { get; }

    /// <summary>
    /// What may still have traces of the texts, as a clause for people; null = no file of the log has any.
    /// </summary>
    public string? Traces { get; }
}
