namespace Grpc.Core;

/// <summary>Outcome of a call as it travels in the <c>grpc-status</c> trailer.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The call was cancelled, usually by its caller.</summary>
    Cancelled = 1,

    /// <summary>No more precise code is known.</summary>
    Unknown = 2,

    /// <summary>The request is wrong in itself, whatever state the server is in.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed first; the effect of the call may have taken place all the same.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>Something the request wants to create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a limit or a resource of the server is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The state of the server does not allow the operation; repeating it alone does not help.</summary>
    FailedPrecondition = 9,

    /// <summary>A concurrent change won; the caller may repeat its larger sequence of steps.</summary>
    Aborted = 10,

    /// <summary>A position lies beyond the valid range, which may grow later.</summary>
    OutOfRange = 11,

    /// <summary>The server does not offer the method.</summary>
    Unimplemented = 12,

    /// <summary>An invariant broke inside one of the two sides.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached at present; the call may be repeated after a pause.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt beyond repair.</summary>
    DataLoss = 15,

    /// <summary>The caller gave no valid credentials.</summary>
    Unauthenticated = 16,
}
