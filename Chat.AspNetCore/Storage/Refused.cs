using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>The refusal of a send or a join: the field that is wrong, and a description for people.</summary>
internal sealed record Refused(Reason Reason, string Field, string Description)
{
    /// <summary>The name of the option whose limit was reached; null if none was.</summary>
    public string? Limit { get; init; }

    /// <summary>How long to wait before the same request can succeed. Null if waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
