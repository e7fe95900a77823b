using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Queries;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;
using RpcStatus = Grpc.Core.Status;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Turns ends of sessions, refusals and exceptions into statuses. Every status that the service gives is made here: a
/// row of the <see cref="ErrorTable"/>, its message, and details for programs. None carries the text of an unexpected
/// exception.
/// </summary>
internal sealed class StatusMapper(ChatOptions options, ILogger<StatusMapper> logger)
{
    // How gRPC for ASP.NET Core starts its message about a length that does not even fit into an int.
    private const string FrameTooLarge = "Message too large";

    /// <summary>The client is gone, so nobody reads this status.</summary>
    public static RpcException Cancelled => new(new RpcStatus(StatusCode.Cancelled, "the client is gone"));

    public static RpcException NotOneRequest => Create(
        ErrorTable.Malformed, "this call takes exactly one request");

    public static RpcException ReflectionOff => Create(
        ErrorTable.ReflectionOff, "server reflection is off; set CHAT_REFLECTION=true to switch it on");

    public static RpcException Draining(TimeSpan spread) => Create(
        ErrorTable.Draining, "the service is stopping", RetryWithin(spread));

    public static RpcException RequestTooLarge(int maxBytes) => Create(
        ErrorTable.TooLarge, $"a request may have at most {maxBytes} bytes; send smaller batches");

    public static RpcException RequestUnfinished(TimeSpan limit) => Create(
        ErrorTable.RequestUnfinished,
        string.Create(
            CultureInfo.InvariantCulture, $"a request did not arrive in full within {limit.TotalSeconds:0.###} s; send smaller requests"));

    public static RpcException TooMuchUnfinished(long maxBytes, TimeSpan spread) => Create(
        ErrorTable.TooMuchUnfinished,
        $"unfinished requests of one connection may have at most {maxBytes} bytes; complete one before you begin the next",
        RetryWithin(spread));

    public static RpcException InflatesTooMuch(int maxRatio) => Create(
        ErrorTable.TooLarge,
        $"the request inflates to more than {maxRatio} times its compressed size; send it uncompressed");

    public static RpcException UnknownService(string service) => Create(
        ErrorTable.UnknownService, $"the health of '{Names.Truncate(service)}' is not known here");

    /// <summary>Throws the status for a session's end, unless it completed.</summary>
    public void ThrowIfFailed(SessionEnd end, string peer)
    {
        if (end.Reason != SessionEndReason.Completed)
        {
            throw Map(end, peer);
        }
    }

    /// <summary>The status for an exception, whoever threw it.</summary>
    /// <param name="error">What ended the call.</param>
    /// <param name="peer">The client's address, for log messages.</param>
    public RpcException Map(Exception error, string peer)
    {
        switch (error)
        {
            case RpcException own when own.Trailers.Get(ChatError.DetailsKey) is not null:
                return own;
            case InvalidMetadataException metadata:
                return Create(ErrorTable.InvalidMetadata, error.Message, Violation(metadata.Key, error.Message));
            case UnauthenticatedException:
                logger.Refused(peer, error.Message);
                return Create(ErrorTable.Unauthenticated, error.Message);
            case AuthenticationUnavailableException:
                logger.AuthenticationUnavailable(peer, error.InnerException!.Message);
                return Create(
                    ErrorTable.AuthenticationUnavailable, error.Message, RetryWithin(options.ReconnectSpread));
            case TooManyStreamsException:
                return Create(ErrorTable.TooManyStreams, error.Message);
            case SenderBlockedException:
                logger.Refused(peer, "its sender is blocked");
                return Create(ErrorTable.Banned, error.Message);
            case ForbiddenException:
                return Create(ErrorTable.Forbidden, error.Message);
            case InvalidRequestException request:
                return Create(ErrorTable.Invalid, error.Message, Violation(request.Field, error.Message));
            case SendRefusedException refusal:
                return Map(refusal.Refused);
            case LogChangedException:
                return Create(ErrorTable.LogChanged, error.Message);
            case StoreUnavailableException:
                logger.StoreUnavailable(peer, error.Message);
                return Create(
                    ErrorTable.StoreUnavailable,
                    "the log cannot be used now; reconnect, and repeat what was not answered",
                    RetryWithin(options.ReconnectSpread));
            case LogDamagedException:
                logger.LogDamaged(error.Message);
                return Create(
                    ErrorTable.LogDamaged, "a part of the log is damaged; the service's operator must look at it");
            default:
                return MapTransportError(error);
        }
    }

    private RpcException Map(SessionEnd end, string peer) => end.Reason switch
    {
        SessionEndReason.ClientAborted or SessionEndReason.TimedOut => Cancelled,
        SessionEndReason.Draining => Draining(options.ReconnectSpread),
        SessionEndReason.CredentialsExpired => Create(
            ErrorTable.CredentialsExpired, "the credentials of this call have expired; reconnect with new ones"),
        SessionEndReason.Banned => Map(new SenderBlockedException(), peer),
        SessionEndReason.StoreUnavailable => Map(
            end.Error as StoreUnavailableException
                ?? new StoreUnavailableException(end.Error!.Message, end.Error),
            peer),
        SessionEndReason.LogDamaged or SessionEndReason.RequestUnreadable => Map(end.Error!, peer),
        _ => throw new InvalidOperationException($"{end.Reason} has no status."),
    };

    private static RpcException Map(Refused refused)
    {
        var violation = Violation("send." + refused.Field, refused.Description);
        return refused.Reason switch
        {
            Reason.Invalid => Create(ErrorTable.Invalid, refused.Description, violation),
            Reason.TooLarge => Create(ErrorTable.TooLarge, refused.Description, violation),
            Reason.OffsetReused => Create(ErrorTable.OffsetReused, refused.Description),
            Reason.Forbidden => Create(ErrorTable.Forbidden, refused.Description),
            Reason.Limit => Create(
                ErrorTable.Limit,
                refused.Description,
                refused.RetryAfter is { } delay ? new RetryInfo { RetryDelay = delay.ToDuration() } : null),
            _ => throw new InvalidOperationException($"{refused.Reason} has no status."),
        };
    }

    // What gRPC and the web server throw while they read and write.
    private RpcException MapTransportError(Exception error)
    {
        switch (error)
        {
            case RpcException { StatusCode: StatusCode.ResourceExhausted }:
            case IOException when error.Message.StartsWith(FrameTooLarge, StringComparison.Ordinal):
                return RequestTooLarge(options.MaxRequestBytes);
            case RpcException { StatusCode: StatusCode.Unimplemented }:
                return Create(
                    ErrorTable.UnknownCompression, "the request's compression is not supported; use gzip or none");
            case RpcException { StatusCode: StatusCode.Internal }: // a frame that is truncated or has a wrong flag
            case InvalidDataException or InvalidProtocolBufferException:
                return Create(
                    ErrorTable.Malformed, "the request is truncated, or is not an encoded message of this call");
            case IOException or OperationCanceledException or RpcException:
                return Cancelled;
            default:
                logger.UnhandledException(error);
                return Create(ErrorTable.Unexpected, "unhandled exception; see the service's log");
        }
    }

    private static BadRequest Violation(string field, string description) => new()
    {
        FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = description } },
    };

    private static RetryInfo RetryWithin(TimeSpan spread) =>
        new() { RetryDelay = ReconnectDelay.Draw(spread).ToDuration() };

    private static RpcException Create(ErrorRow row, string message, IMessage? detail = null)
    {
        var status = new Google.Rpc.Status { Code = (int)row.Code, Message = message };
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = row.Reason, Domain = ChatError.Domain }));
        if (detail is not null)
        {
            status.Details.Add(Any.Pack(detail));
        }

        return status.ToRpcException();
    }
}
