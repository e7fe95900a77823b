using Grpc.Core;
using Grpc.Health.V1;
using GrpcChat.TestSupport;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace GrpcChat.Tests.Grpc;

/// <summary>One Watch as a raw client sees it.</summary>
internal sealed class WatchCall : IDisposable
{
    private readonly AsyncServerStreamingCall<HealthCheckResponse> call;

    public WatchCall(ChannelBase channel, string service = "") =>
        call = new Health.HealthClient(channel).Watch(new HealthCheckRequest { Service = service });

    /// <summary>The next status that the server tells.</summary>
    public async Task<ServingStatus> NextAsync() =>
        await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(ChatCall.Deadline)
            ? call.ResponseStream.Current.Status
            : throw new InvalidOperationException("The watch ended before the status that the test waits for.");

    /// <summary>The status that the call ends with, when nothing more is told before.</summary>
    public async Task<StatusCode> EndAsync()
    {
        try
        {
            return await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(ChatCall.Deadline)
                ? throw new InvalidOperationException($"The watch told {call.ResponseStream.Current.Status} and did not end.")
                : call.GetStatus().StatusCode;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }

    /// <summary>Reads whatever is still told, and returns the status that the call ends with.</summary>
    public async Task<Status> ToEndAsync()
    {
        try
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(ChatCall.Deadline))
            {
            }

            return call.GetStatus();
        }
        catch (RpcException error)
        {
            return error.Status;
        }
    }

    public void Dispose() => call.Dispose();
}
