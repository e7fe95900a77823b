using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace GrpcChat.V1;

/// <summary>Why a call ended, read from its status: whether it is worth another attempt, and when.</summary>
public sealed class ChatError
{
    /// <summary>The trailer that carries an encoded <c>google.rpc.Status</c>.</summary>
    public const string DetailsKey = "grpc-status-details-bin";

    /// <summary>The domain of the reasons that the chat gives.</summary>
    public const string Domain = "chat";

    private ChatError(RpcException error)
    {
        var (info, retry, bad) = Unpack(error);
        Reason = info?.Domain == Domain ? info.Reason : "";
        RetryDelay = retry;
        Violations = bad is null ? [] : [.. bad.FieldViolations.Select(violation => (violation.Field, violation.Description))];
        IsRetryable = ErrorTable.Find(error.StatusCode, Reason).Retryable switch
        {
            Retryable.Yes => true,
            Retryable.AfterRetryDelay => RetryDelay is not null,
            _ => false,
        };
    }

    /// <summary>One of <see cref="ErrorTable"/>, in UPPER_SNAKE_CASE; empty if the service gave none.</summary>
    public string Reason { get; }

    /// <summary>True if the same call is worth another attempt, at once or after <see cref="RetryDelay"/>.</summary>
    public bool IsRetryable { get; }

    /// <summary>How long to wait before that; null if the service gave no delay.</summary>
    public TimeSpan? RetryDelay { get; }

    /// <summary>Which fields or metadata keys of the request were wrong, and how.</summary>
    public IReadOnlyList<(string Field, string Description)> Violations { get; }

    /// <summary>Reads the status and the trailers that a call ended with.</summary>
    public static ChatError Of(RpcException error) => new(error);

    private static (ErrorInfo? Info, TimeSpan? Retry, BadRequest? Bad) Unpack(RpcException error)
    {
        try
        {
            var details = error.GetRpcStatus()?.Details ?? [];
            var retry = First<RetryInfo>(details)?.RetryDelay?.ToTimeSpan();
            return (First<ErrorInfo>(details), retry >= TimeSpan.Zero ? retry : null, First<BadRequest>(details));
        }
        catch (Exception unreadable) when (unreadable is InvalidProtocolBufferException or InvalidOperationException)
        {
            // Something other than the chat has written these details.
            return default;
        }
    }

    private static T? First<T>(IEnumerable<Any> details)
        where T : class, IMessage<T>, new() =>
        details.Select(detail => detail.TryUnpack<T>(out var message) ? message : null).FirstOrDefault(message => message is not null);
}
