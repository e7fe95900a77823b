namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// What is kept of each room. The oldest messages are removed until every limit that is set holds. At least one must be set.
/// </summary>
public sealed class TrimLimits
{
    /// <summary>How old a message may be; null = any age.</summary>
    public TimeSpan? KeepFor { get; init; }

    /// <summary>How many messages are kept, 0 or more; null = all.</summary>
    public long? KeepMessages { get; init; }

    /// <summary>How many bytes of UTF-8 the texts that are kept may have together, 0 or more; null = any number.</summary>
    public long? KeepBytes { get; init; }

    internal void ThrowIfInvalid()
    {
        if (KeepFor is null && KeepMessages is null && KeepBytes is null)
        {
            throw new ArgumentException("no limit is set; set KeepFor, KeepMessages or KeepBytes");
        }

        if (KeepFor < TimeSpan.Zero || KeepMessages < 0 || KeepBytes < 0)
        {
            throw new ArgumentException("a limit is negative");
        }
    }
}
