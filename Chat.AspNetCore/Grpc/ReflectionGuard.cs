using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using GrpcChat.AspNetCore.Sessions;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// What server reflection lacks to be safe on a service that is exposed: an off switch, a limit on clients that do not
/// read, and an end when the service stops. It wraps both versions of the official service.
/// </summary>
internal sealed class ReflectionGuard(
    IServer server,
    OpenCalls calls,
    StatusMapper statuses,
    ChatOptions options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
    : Interceptor
{
    /// <summary>The largest request. It holds a name or two.</summary>
    public const int MaxRequestBytes = 16 * 1024;

    /// <summary>
    /// Whether reflection is on: as the option says, or without it while only this machine can reach the service.
    /// </summary>
    /// <param name="option"><see cref="ChatOptions.Reflection"/>.</param>
    /// <param name="addresses">What the web server listens on. A server inside a test listens on nothing.</param>
    public static bool IsOn(bool? option, IEnumerable<string> addresses) => option ?? addresses.All(IsLocal);

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        // Decided at each call: the addresses are known only when the server has started.
        if (!IsOn(options.Reflection, server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []))
        {
            throw StatusMapper.ReflectionOff;
        }

        var stopping = lifetime.ApplicationStopping;
        calls.Begin();
        try
        {
            await continuation(
                new StoppingReader<TRequest>(requestStream, stopping),
                new TimedWriter<TResponse>(responseStream, options.StallLimit, time, stopping),
                context);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw StatusMapper.Draining(options.ReconnectSpread);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.ResourceExhausted)
        {
            throw StatusMapper.RequestTooLarge(MaxRequestBytes);
        }
        catch (InvalidOperationException)
        {
            // gRPC throws this when the client was gone before a write.
            throw StatusMapper.Cancelled;
        }
        catch (Exception error)
        {
            throw statuses.Map(error, context.Peer);
        }
        finally
        {
            calls.End();
        }
    }

    // An address of an unknown kind, such as a socket that a supervisor opened, may be reachable from anywhere.
    private static bool IsLocal(string address)
    {
        var binding = BindingAddress.Parse(address);
        return binding.IsUnixPipe
            || binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host, out var ip) && IPAddress.IsLoopback(ip));
    }

    /// <summary>Reads requests until the service stops.</summary>
    private sealed class StoppingReader<T>(IAsyncStreamReader<T> inner, CancellationToken stopping) : IAsyncStreamReader<T>
    {
        public T Current => inner.Current;

        public Task<bool> MoveNext(CancellationToken cancellationToken) => inner.MoveNext(stopping);
    }

    /// <summary>Writes responses, and gives up a client that does not take one within the stall limit.</summary>
    private sealed class TimedWriter<T>(
        IServerStreamWriter<T> inner,
        TimeSpan stallLimit,
        TimeProvider time,
        CancellationToken stopping)
        : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => inner.WriteOptions;
            set => inner.WriteOptions = value;
        }

        public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

        public async Task WriteAsync(T message, CancellationToken cancellationToken)
        {
            using var stallTimeout = new CancellationTokenSource(stallLimit, time);
            await using var onStopping = stallTimeout.ShortenOn(stopping);
            await inner.WriteAsync(message, stallTimeout.Token);
        }
    }
}
