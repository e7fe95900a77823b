using Grpc.Core;

namespace Chat.V1;

/// <summary>
/// Every status that a call of the chat can end with, and whether to come back. <c>docs/protocol.md</c> has the same
/// table for people.
/// </summary>
public static class ErrorTable
{
    // With a reason: what the service says itself.
    internal static readonly ErrorRow InvalidMetadata = new(StatusCode.InvalidArgument, "INVALID_METADATA", ComeBack.No);
    internal static readonly ErrorRow Invalid = new(StatusCode.InvalidArgument, "INVALID", ComeBack.No);
    internal static readonly ErrorRow TooLarge = new(StatusCode.InvalidArgument, "TOO_LARGE", ComeBack.No);
    internal static readonly ErrorRow Malformed = new(StatusCode.InvalidArgument, "MALFORMED", ComeBack.No);
    internal static readonly ErrorRow UnknownCompression = new(StatusCode.Unimplemented, "UNKNOWN_COMPRESSION", ComeBack.No);
    internal static readonly ErrorRow ReflectionOff = new(StatusCode.Unimplemented, "REFLECTION_OFF", ComeBack.No);
    internal static readonly ErrorRow UnknownService = new(StatusCode.NotFound, "UNKNOWN_SERVICE", ComeBack.No);
    internal static readonly ErrorRow OffsetReused = new(StatusCode.AlreadyExists, "OFFSET_REUSED", ComeBack.No);
    internal static readonly ErrorRow Forbidden = new(StatusCode.PermissionDenied, "FORBIDDEN", ComeBack.No);
    internal static readonly ErrorRow LogChanged = new(StatusCode.FailedPrecondition, "LOG_CHANGED", ComeBack.No);
    internal static readonly ErrorRow Limit = new(StatusCode.ResourceExhausted, "LIMIT", ComeBack.AfterRetryDelay);
    internal static readonly ErrorRow Draining = new(StatusCode.Unavailable, "DRAINING", ComeBack.Yes);
    internal static readonly ErrorRow StoreUnavailable = new(StatusCode.Unavailable, "STORE_UNAVAILABLE", ComeBack.Yes);
    internal static readonly ErrorRow LogDamaged = new(StatusCode.DataLoss, "LOG_DAMAGED", ComeBack.No);
    internal static readonly ErrorRow Unexpected = new(StatusCode.Internal, "UNEXPECTED", ComeBack.Yes);

    /// <summary>The rows: those with a reason, then one for each code, for any reason that is not listed or none.</summary>
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
        LogChanged,
        Limit,
        Draining,
        StoreUnavailable,
        LogDamaged,
        Unexpected,
        new(StatusCode.Cancelled, "", ComeBack.Yes),
        new(StatusCode.Unknown, "", ComeBack.Yes),
        new(StatusCode.InvalidArgument, "", ComeBack.No),
        new(StatusCode.DeadlineExceeded, "", ComeBack.Yes),
        new(StatusCode.NotFound, "", ComeBack.No),
        new(StatusCode.AlreadyExists, "", ComeBack.No),
        new(StatusCode.PermissionDenied, "", ComeBack.No),
        new(StatusCode.ResourceExhausted, "", ComeBack.AfterRetryDelay),
        new(StatusCode.FailedPrecondition, "", ComeBack.No),
        new(StatusCode.Aborted, "", ComeBack.Yes),
        new(StatusCode.OutOfRange, "", ComeBack.No),
        new(StatusCode.Unimplemented, "", ComeBack.No),
        new(StatusCode.Internal, "", ComeBack.Yes),
        new(StatusCode.Unavailable, "", ComeBack.Yes),
        new(StatusCode.DataLoss, "", ComeBack.No),
        new(StatusCode.Unauthenticated, "", ComeBack.No),
    ];

    /// <summary>The row for a status: that of its reason, or else that of its code.</summary>
    public static ErrorRow Find(StatusCode code, string reason) =>
        Rows.FirstOrDefault(row => row.Code == code && row.Reason == reason)
        ?? Rows.FirstOrDefault(row => row.Code == code && row.Reason.Length == 0)
        ?? new ErrorRow(code, "", ComeBack.No);
}

/// <summary>Whether to come back after a call that ended with a code and a reason.</summary>
/// <param name="Code">The gRPC status code.</param>
/// <param name="Reason">The reason in the status's <c>ErrorInfo</c>; empty = another one, or none.</param>
/// <param name="ComeBack">Whether the same call may be made again.</param>
public sealed record ErrorRow(StatusCode Code, string Reason, ComeBack ComeBack);

/// <summary>Whether the same call may be made again.</summary>
public enum ComeBack
{
    /// <summary>It would end the same way.</summary>
    No,

    /// <summary>After the <c>RetryInfo</c> of the status, or a delay of the client's own.</summary>
    Yes,

    /// <summary>After the <c>RetryInfo</c> of the status; where there is none, no.</summary>
    AfterRetryDelay,
}
