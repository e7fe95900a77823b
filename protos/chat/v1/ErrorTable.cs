using Grpc.Core;

namespace GrpcChat.V1;

/// <summary>
/// Every status that a call can end with, and whether the call is retryable. <c>docs/protocol.md</c> shows the same
/// table to people.
/// </summary>
public static class ErrorTable
{
    // With a reason: what the service says itself.
    internal static readonly ErrorRow InvalidMetadata = new(StatusCode.InvalidArgument, "INVALID_METADATA", Retryable.No);
    internal static readonly ErrorRow Invalid = new(StatusCode.InvalidArgument, "INVALID", Retryable.No);
    internal static readonly ErrorRow TooLarge = new(StatusCode.InvalidArgument, "TOO_LARGE", Retryable.No);
    internal static readonly ErrorRow Malformed = new(StatusCode.InvalidArgument, "MALFORMED", Retryable.No);
    internal static readonly ErrorRow UnknownCompression = new(StatusCode.Unimplemented, "UNKNOWN_COMPRESSION", Retryable.No);
    internal static readonly ErrorRow ReflectionOff = new(StatusCode.Unimplemented, "REFLECTION_OFF", Retryable.No);
    internal static readonly ErrorRow UnknownService = new(StatusCode.NotFound, "UNKNOWN_SERVICE", Retryable.No);
    internal static readonly ErrorRow OffsetReused = new(StatusCode.AlreadyExists, "OFFSET_REUSED", Retryable.No);
    internal static readonly ErrorRow Forbidden = new(StatusCode.PermissionDenied, "FORBIDDEN", Retryable.No);
    internal static readonly ErrorRow Banned = new(StatusCode.PermissionDenied, "BANNED", Retryable.No);
    internal static readonly ErrorRow Unauthenticated = new(StatusCode.Unauthenticated, "UNAUTHENTICATED", Retryable.No);
    internal static readonly ErrorRow CredentialsExpired = new(StatusCode.Unauthenticated, "CREDENTIALS_EXPIRED", Retryable.No);
    internal static readonly ErrorRow AuthenticationUnavailable = new(StatusCode.Unavailable, "AUTHENTICATION_UNAVAILABLE", Retryable.Yes);
    internal static readonly ErrorRow LogChanged = new(StatusCode.FailedPrecondition, "LOG_CHANGED", Retryable.No);
    internal static readonly ErrorRow Limit = new(StatusCode.ResourceExhausted, "LIMIT", Retryable.AfterRetryDelay);
    internal static readonly ErrorRow TooManyStreams = new(StatusCode.ResourceExhausted, "TOO_MANY_STREAMS", Retryable.AfterRetryDelay);
    internal static readonly ErrorRow TooMuchUnfinished = new(StatusCode.ResourceExhausted, "TOO_MUCH_UNFINISHED", Retryable.AfterRetryDelay);
    internal static readonly ErrorRow RequestUnfinished = new(StatusCode.DeadlineExceeded, "REQUEST_UNFINISHED", Retryable.Yes);
    internal static readonly ErrorRow Draining = new(StatusCode.Unavailable, "DRAINING", Retryable.Yes);
    internal static readonly ErrorRow StoreUnavailable = new(StatusCode.Unavailable, "STORE_UNAVAILABLE", Retryable.Yes);
    internal static readonly ErrorRow LogDamaged = new(StatusCode.DataLoss, "LOG_DAMAGED", Retryable.No);
    internal static readonly ErrorRow Unexpected = new(StatusCode.Internal, "UNEXPECTED", Retryable.Yes);

    /// <summary>The rows with a reason, then one row per code for any other reason or none.</summary>
    public static IReadOnlyList<ErrorRow> Rows { get; } =
    [
        InvalidMetadata,
        Invalid,
        TooLarge,
        Malformed,
        UnknownCompression,
        ReflectionOff,
        UnknownService,
        OffsetReused,
        Forbidden,
        Banned,
        Unauthenticated,
        CredentialsExpired,
        AuthenticationUnavailable,
        LogChanged,
        Limit,
        TooManyStreams,
        TooMuchUnfinished,
        RequestUnfinished,
        Draining,
        StoreUnavailable,
        LogDamaged,
        Unexpected,
        new(StatusCode.Cancelled, "", Retryable.Yes),
        new(StatusCode.Unknown, "", Retryable.Yes),
        new(StatusCode.InvalidArgument, "", Retryable.No),
        new(StatusCode.DeadlineExceeded, "", Retryable.Yes),
        new(StatusCode.NotFound, "", Retryable.No),
        new(StatusCode.AlreadyExists, "", Retryable.No),
        new(StatusCode.PermissionDenied, "", Retryable.No),
        new(StatusCode.ResourceExhausted, "", Retryable.AfterRetryDelay),
        new(StatusCode.FailedPrecondition, "", Retryable.No),
        new(StatusCode.Aborted, "", Retryable.Yes),
        new(StatusCode.OutOfRange, "", Retryable.No),
        new(StatusCode.Unimplemented, "", Retryable.No),
        new(StatusCode.Internal, "", Retryable.Yes),
        new(StatusCode.Unavailable, "", Retryable.Yes),
        new(StatusCode.DataLoss, "", Retryable.No),
        new(StatusCode.Unauthenticated, "", Retryable.No),
    ];

    /// <summary>The row for a status: by its reason, or else by its code.</summary>
    public static ErrorRow Find(StatusCode code, string reason) =>
        Rows.FirstOrDefault(row => row.Code == code && row.Reason == reason)
        ?? Rows.FirstOrDefault(row => row.Code == code && row.Reason.Length == 0)
        ?? new ErrorRow(code, "", Retryable.No);
}

/// <summary>Whether a call that ended with this code and reason is retryable.</summary>
/// <param name="Code">The gRPC status code.</param>
/// <param name="Reason">The reason in the status's <c>ErrorInfo</c>; empty for any other reason or none.</param>
/// <param name="Retryable">Whether the same call is worth another attempt.</param>
public sealed record ErrorRow(StatusCode Code, string Reason, Retryable Retryable);

/// <summary>Whether the same call is worth another attempt.</summary>
public enum Retryable
{
    /// <summary>No: it would end the same way.</summary>
    No,

    /// <summary>Yes, after the status's <c>RetryInfo</c> or, without one, a delay that the client chooses.</summary>
    Yes,

    /// <summary>Only after the status's <c>RetryInfo</c>; without one, no.</summary>
    AfterRetryDelay,
}
