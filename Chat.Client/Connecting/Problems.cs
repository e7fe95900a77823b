using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using GrpcChat.Client.Delivery;
using GrpcChat.V1;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// What the end of a call means, in words for people. Whether the failure is permanent is decided by
/// <see cref="ErrorTable"/>, or by the service itself in its <c>GoAway</c>.
/// </summary>
internal static class Problems
{
    public static StreamEnd Of(GoAway goAway)
    {
        var after = goAway.ReconnectAfter.ToSpan() ?? TimeSpan.Zero;
        var isStore = goAway.Why == GoAway.Types.Why.StoreUnavailable;
        return new(
            !goAway.Reconnect ? ProblemKind.AccessDenied
                : isStore ? ProblemKind.StoreUnavailable
                : ProblemKind.EndedByService,
            $"the service ended the stream: {OrElse(goAway.Detail, goAway.Why.ToString())}")
        {
            IsFinal = !goAway.Reconnect,
            AtLeast = isStore ? TimeSpan.Zero : after,
            HoldSends = isStore && goAway.Reconnect ? after : null,
        };
    }

    /// <param name="error">What the call ended with.</param>
    /// <param name="target">What was called.</param>
    /// <param name="wasConnected">The service had answered on this stream before.</param>
    public static StreamEnd Of(RpcException error, Target target, bool wasConnected)
    {
        var chat = ChatError.Of(error);
        var (kind, message) = chat.Reason.Length > 0
            ? OfTheService(error, chat)
            : OfTheTransport(error, target, wasConnected) ?? OfAnyServer(error, target, wasConnected);
        return new(kind, message)
        {
            IsFinal = !chat.IsRetryable,
            CanTokenHelp = kind == ProblemKind.AccessDenied && !IsBanned(chat),
            AtLeast = chat.RetryDelay ?? TimeSpan.Zero,
        };
    }

    public static StreamEnd Of(UnknownHostException error) => new(
        ProblemKind.Unreachable,
        error.InnerException is TimeoutException
            ? $"no name server has resolved the host of {error.Target} in time; check this machine's network"
            : NoSuchHost(error.Target));

    public static StreamEnd Silence(Target target, TimeSpan limit) =>
        new(ProblemKind.Silent, $"{target} sent nothing for {limit.TotalSeconds:0.#} s");

    private static (ProblemKind Kind, string Message) OfTheService(RpcException error, ChatError chat)
    {
        var detail = error.Status.Detail;
        return error.StatusCode switch
        {
            _ when IsBanned(chat) => (ProblemKind.AccessDenied, $"the service denies access: {detail}"),
            StatusCode.Unauthenticated or StatusCode.PermissionDenied =>
                (ProblemKind.AccessDenied, $"the service denies access: {Access(error)}"),
            StatusCode.DataLoss =>
                (ProblemKind.LogDamaged, $"the service's log is damaged: {detail}; tell its operator"),
            _ when chat.Reason == ErrorTable.StoreUnavailable.Reason =>
                (ProblemKind.StoreUnavailable, $"the service ended the call: {detail}"),
            _ when chat.IsRetryable => (ProblemKind.EndedByService, $"the service ended the call: {detail}"),
            _ => (ProblemKind.Refused, $"the service refused the request: {detail}"),
        };
    }

    private static (ProblemKind Kind, string Message) OfAnyServer(RpcException error, Target target, bool wasConnected)
    {
        var detail = OrElse(error.Status.Detail, error.StatusCode.ToString());
        if (error.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
        {
            return (ProblemKind.AccessDenied, $"the service at {target} denies access: {Access(error)}");
        }

        if (error.StatusCode == StatusCode.DeadlineExceeded)
        {
            return (ProblemKind.Silent, $"{target} sent no answer in time");
        }

        // From a proxy whose service is down; it may come up.
        if (error.StatusCode == StatusCode.Unavailable && IsNoGrpc(error))
        {
            return (ProblemKind.Unreachable,
                $"the server at {target} is not a chat service and does not reach one ({detail}); "
                    + "check that the service behind it is running");
        }

        if (error.StatusCode == StatusCode.Unimplemented || IsNoGrpc(error))
        {
            return (ProblemKind.NotAChatService,
                $"the server at {target} is not a chat service ({detail}); check the address and the port");
        }

        return (
            wasConnected ? ProblemKind.Broken : ProblemKind.Unreachable,
            $"the connection to {target} failed: {detail}");
    }

    private static (ProblemKind Kind, string Message)? OfTheTransport(
        RpcException error, Target target, bool wasConnected)
    {
        if (wasConnected && error.Status.DebugException is not null)
        {
            return (ProblemKind.Broken, $"the connection to {target} broke");
        }

        for (var cause = error.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException
                || cause is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            {
                return (ProblemKind.Tls, Tls(cause.GetBaseException().Message.TrimEnd('.'), target));
            }

            if (target.Proxy is { } proxy && OfTheProxy(cause, target.Address, proxy) is { } problem)
            {
                return problem;
            }

            if (IsHangUp(cause))
            {
                break;
            }

            if (cause is SocketException socket)
            {
                return (ProblemKind.Unreachable,
                    socket.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain
                        ? NoSuchHost(target)
                        : $"nothing answers at {target} ({socket.Message}); "
                            + "check the address, and that the service is running");
            }

            if (cause is HttpRequestException http)
            {
                switch (http.HttpRequestError)
                {
                    case HttpRequestError.NameResolutionError:
                        return (ProblemKind.Unreachable, NoSuchHost(target));
                    case HttpRequestError.HttpProtocolError
                        or HttpRequestError.InvalidResponse
                        or HttpRequestError.VersionNegotiationError
                        when !IsHangUp(http.GetBaseException()):
                        return (ProblemKind.NotAChatService,
                            $"the server at {target} does not speak HTTP/2 {(target.IsTls ? "with" : "without")} "
                                + "TLS, so it is not a chat service; check the port, and https:// or http://");
                }
            }
        }

        // One message for all of these, because .NET often cannot tell them apart: if the connection has failed before
        // the request reaches it, the exception is the same for a server that hung up and for one that speaks HTTP/1.1.
        // The first may be a service that is restarting, so the client reconnects.
        return error.Status.DebugException is null ? null : (ProblemKind.Broken,
            $"the server at {target} did not complete the HTTP/2 handshake; if this continues, it "
                + (target.IsTls ? "" : "expects TLS (https://) or ")
                + "is not a chat service: check the address and the port");
    }

    private static (ProblemKind Kind, string Message)? OfTheProxy(Exception cause, string address, string proxy) => cause switch
    {
        SocketException or HttpRequestException
        {
            HttpRequestError: HttpRequestError.NameResolutionError
                or HttpRequestError.ConnectionError
                or HttpRequestError.ProxyTunnelError
        } => (ProblemKind.Unreachable,
            $"no connection to {address} through the proxy {proxy} ({cause.GetBaseException().Message}); "
                + "check the proxy, or except the host from it with no_proxy"),
        HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } => (ProblemKind.NotAChatService,
            $"the proxy {proxy} does not carry HTTP/2 without TLS to {address}; "
                + "except the host from it with no_proxy, or use https://"),
        _ => null,
    };

    private static bool IsHangUp(Exception cause) =>
        cause is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }
            or HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }
            or SocketException
        {
            SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown
        }
            or ObjectDisposedException;

    // What grpc-dotnet says if a response is HTTP but not gRPC: https://github.com/grpc/grpc-dotnet,
    // GrpcProtocolHelpers.
    private static bool IsNoGrpc(RpcException error) =>
        error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal);

    private static string NoSuchHost(Target target) => $"no such host: {target}; check the address";

    private static string Tls(string detail, Target target) => detail.Contains("certificate", StringComparison.Ordinal)
        ? $"the certificate of {target} is not trusted: {detail}; give the service a certificate for that name that "
            + "this machine trusts, or trust its issuer here"
        : $"no TLS connection to {target}: {detail}; if the service does not use TLS, its address starts with http://";

    private static string Access(RpcException error) => OrElse(error.Status.Detail, error.StatusCode.ToString())
        + (error.StatusCode == StatusCode.Unauthenticated
            ? "; set a TokenProvider whose tokens the service accepts"

            // The service itself says what to do. Something in front of it does not.
            : ChatError.Of(error).Reason.Length > 0 ? "" : "; ask its operator for the right");

    // Whatever token its sender has.
    private static bool IsBanned(ChatError chat) => chat.Reason == ErrorTable.Banned.Reason;

    private static string OrElse(string detail, string otherwise) => detail.Length > 0 ? detail : otherwise;
}
