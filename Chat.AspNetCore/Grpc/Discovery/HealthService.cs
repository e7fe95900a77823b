using Chat.AspNetCore.Sessions;
using Chat.V1;
using Grpc.Core;
using Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>Tells probes and load balancers whether the service serves: grpc.health.v1.Health.</summary>
internal sealed class HealthService(ServingState state, OpenCalls calls, ChatOptions options) : Health.HealthBase
{
    // The empty name means the server as a whole. Health and reflection are not asked about.
    private static readonly string[] Services = ["", ChatService.Descriptor.FullName];

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        StatusOf(request.Service) is var status and not ServingStatus.ServiceUnknown
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw StatusMapper.UnknownService(request.Service);

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var response = new HealthListResponse();
        foreach (var service in Services)
        {
            response.Statuses.Add(service, new HealthCheckResponse { Status = StatusOf(service) });
        }

        return Task.FromResult(response);
    }

    /// <summary>Says how it is, then each change, until the client is gone or the service stops.</summary>
    public override async Task Watch(
        HealthCheckRequest request,
        IServerStreamWriter<HealthCheckResponse> responses,
        ServerCallContext context)
    {
        calls.Begin();
        try
        {
            ServingStatus? told = null;
            while (true)
            {
                var changed = state.Changed;
                var stopping = state.IsStopping;
                var status = StatusOf(request.Service);
                if (status != told)
                {
                    // So small that the transport takes it, whether the client reads or not.
                    await responses.WriteAsync(new HealthCheckResponse { Status = status });
                    told = status;
                }

                if (stopping)
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
        !Services.Contains(service) ? ServingStatus.ServiceUnknown
        : state.IsServing ? ServingStatus.Serving
        : ServingStatus.NotServing;
}
