using Grpc.Core;
using Grpc.Health.V1;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Tells probes and load balancers whether the service serves: <c>grpc.health.v1.Health</c>. Unlike the official
/// service, which polls, it reports each change at once, ends watches with a retryable status when the service stops,
/// and refuses unknown names. The service as a whole serves while it can both read and write; two names more tell these
/// apart.
/// </summary>
internal sealed class HealthService(ServingState state, OpenCalls calls, ChatOptions options) : Health.HealthBase
{
    /// <summary>The largest request. It holds a name.</summary>
    public const int MaxRequestBytes = 16 * 1024;

    // A slash cannot be in the name of a gRPC service, so these are never mistaken for one.
    private static readonly string Chat = ChatService.Descriptor.FullName;
    private static readonly string Reading = $"{Chat}/read";
    private static readonly string Writing = $"{Chat}/write";

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        StatusOf(request.Service) is var status and not ServingStatus.ServiceUnknown
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw StatusMapper.UnknownService(request.Service);

    /// <summary>Reports the status, and then each change, until the client is gone or the service stops.</summary>
    public override async Task Watch(
        HealthCheckRequest request,
        IServerStreamWriter<HealthCheckResponse> responseStream,
        ServerCallContext context)
    {
        calls.Begin();
        try
        {
            ServingStatus? reported = null;
            while (true)
            {
                var changed = state.Changed;
                var isStopping = state.IsStopping;
                var status = StatusOf(request.Service);
                if (status != reported)
                {
                    // So small that the transport takes it, whether or not the client reads.
                    await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
                    reported = status;
                }

                if (isStopping)
                {
                    throw StatusMapper.Draining(options.ReconnectSpread);
                }

                await changed.WaitAsync(context.CancellationToken);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or InvalidOperationException)
        {
            throw StatusMapper.Cancelled;
        }
        finally
        {
            calls.End();
        }
    }

    private ServingStatus StatusOf(string service) =>
        // The empty name stands for the server as a whole.
        service.Length == 0 || service == Chat ? StatusOf(state.IsServing)
        : service == Reading ? StatusOf(state.CanRead)
        : service == Writing ? StatusOf(state.CanWrite)
        : ServingStatus.ServiceUnknown;

    private static ServingStatus StatusOf(bool serves) => serves ? ServingStatus.Serving : ServingStatus.NotServing;
}
