using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using Chat.Client.Delivery;
using Chat.V1;
using Grpc.Core;

namespace Chat.Client.Connecting;

/// <summary>
/// What the end of a call means, in a sentence for a person. Whether to come back, <see cref="ErrorTable"/> says, or the
/// service itself in its <c>GoAway</c>.
/// </summary>
internal static class Problems
{
    public static StreamEnd Of(GoAway goAway)
    {
        var after = goAway.ReconnectAfter.ToSpan() ?? TimeSpan.Zero;
        var isStore = goAway.Why == GoAway.Types.Why.StoreUnavailable;
        return new(
            goAway.Reconnect ? ProblemKind.EndedByService : ProblemKind.AccessDenied,
            $"the service ended the stream: {Detail(goAway.Detail, goAway.Why.ToString())}")
        {
            IsFinal = !goAway.Reconnect,
            AtLeast = isStore ? TimeSpan.Zero : after,
            HoldSends = isStore && goAway.Reconnect ? after : null,
        };
    }

    /// <param name="error">What the call ended with.</param>
    /// <param name="address">Where it went to.</param>
    /// <param name="wasConnected">The service had answered on this stream before.</param>
    public static StreamEnd Of(RpcException error, string address, bool wasConnected)
    {
        var chat = ChatError.Of(error);
        var (kind, message) = chat.Reason.Length > 0 ? OfTheService(error, chat)
            : Transport(error, address, wasConnected) ?? OfAnybody(error, address, wasConnected);
        return new(kind, message) { IsFinal = !chat.IsRetryable, AtLeast = chat.RetryDelay ?? TimeSpan.Zero };
    }

    private static (ProblemKind Kind, string Message) OfTheService(RpcException error, ChatError chat) => error.StatusCode switch
    {
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => (ProblemKind.AccessDenied, $"the service refuses access: {Access(error)}"),
        StatusCode.DataLoss => (ProblemKind.LogDamaged, $"the service's log is damaged; tell its operator: {error.Status.Detail}"),
        _ when chat.IsRetryable => (ProblemKind.EndedByService, $"the service ended the call: {error.Status.Detail}"),
        _ => (ProblemKind.Refused, $"the service refuses that: {error.Status.Detail}"),
    };

    private static (ProblemKind Kind, string Message) OfAnybody(RpcException error, string address, bool wasConnected)
    {
        var detail = Detail(error.Status.Detail, error.StatusCode.ToString());
        if (error.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
        {
            return (ProblemKind.AccessDenied, $"the service at {address} refuses access: {Access(error)}");
        }

        if (error.StatusCode == StatusCode.DeadlineExceeded)
        {
            return (ProblemKind.Silent, $"nothing came from {address} in time");
        }

        // Of a proxy whose service is away: it may come back.
        if (error.StatusCode == StatusCode.Unavailable && IsNoGrpc(error))
        {
            return (ProblemKind.Unreachable, $"what answers at {address} is no chat service, and reaches none ({detail}); check whether one runs behind it");
        }

        if (error.StatusCode == StatusCode.Unimplemented || IsNoGrpc(error))
        {
            return (ProblemKind.NotAChatService, $"what answers at {address} is no chat service ({detail}); check the address and the port");
        }

        return (wasConnected ? ProblemKind.Broken : ProblemKind.Unreachable, $"the connection to {address} failed: {detail}");
    }

    private static (ProblemKind Kind, string Message)? Transport(RpcException error, string address, bool wasConnected)
    {
        if (wasConnected && error.Status.DebugException is not null)
        {
            return (ProblemKind.Broken, $"the connection to {address} broke");
        }

        for (var cause = error.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException || cause is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            {
                return (ProblemKind.Tls, Tls(Innermost(cause).Message.TrimEnd('.'), address));
            }

            if (IsHangUp(cause))
            {
                break;
            }

            if (cause is SocketException socket)
            {
                return (ProblemKind.Unreachable, socket.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain
                    ? NoSuchHost(address)
                    : $"nothing answers at {address}: {socket.Message}; check the address, and whether the service runs");
            }

            if (cause is HttpRequestException http)
            {
                switch (http.HttpRequestError)
                {
                    case HttpRequestError.NameResolutionError:
                        return (ProblemKind.Unreachable, NoSuchHost(address));
                    case HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.VersionNegotiationError
                        when !IsHangUp(Innermost(http)):
                        return (ProblemKind.NotAChatService, $"what answers at {address} speaks no HTTP/2 {TlsOf(address)}: it is no chat service; "
                            + "check the port, and https:// or http://");
                }
            }
        }

        // One message for all of these, because .NET often cannot tell them apart: when the connection has failed before the
        // request reaches it, the exception is the same for a server that hung up and for one that speaks HTTP/1.1. The first
        // kind may be a service that is restarting, so the client comes back.
        return error.Status.DebugException is null ? null : (ProblemKind.Broken,
            $"what answers at {address} does not complete the HTTP/2 handshake; if that goes on, it "
                + (IsTls(address) ? "" : "expects TLS (https://), or ") + "is not a chat service: check the address and the port");
    }

    private static bool IsHangUp(Exception cause) =>
        cause is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }
            or HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }
            or SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown }
            or ObjectDisposedException;

    // What grpc-dotnet says where a response is HTTP and no gRPC: https://github.com/grpc/grpc-dotnet, GrpcProtocolHelpers.
    private static bool IsNoGrpc(RpcException error) => error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal);

    private static string NoSuchHost(string address) => $"no such host: {address}; check the address";

    private static string Tls(string detail, string address) => detail.Contains("certificate", StringComparison.Ordinal)
        ? $"the certificate of {address} is not trusted: {detail}; give the service one that this machine trusts for that name, or trust its issuer here"
        : $"there is no TLS with {address}: {detail}; where the service has none, the address begins with http://";

    private static string Access(RpcException error) => Detail(error.Status.Detail, error.StatusCode.ToString())
        + (error.StatusCode == StatusCode.Unauthenticated ? "; give a TokenProvider with tokens that it takes" : "; its operator gives rights");

    private static string TlsOf(string address) => IsTls(address) ? "with TLS" : "without TLS";

    private static bool IsTls(string address) => address.StartsWith("https", StringComparison.OrdinalIgnoreCase);

    private static Exception Innermost(Exception error) => error.GetBaseException();

    private static string Detail(string detail, string otherwise) => detail.Length > 0 ? detail : otherwise;
}
