using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1;
using GrpcChat.TestSupport;
using Alpha = Grpc.Reflection.V1Alpha;

namespace GrpcChat.Tests.Grpc;

/// <summary>
/// One reflection stream of either version, as a client of the official package would open it. What it says and hears
/// is shown as v1, whose messages have the same form.
/// </summary>
internal sealed class ReflectionCall : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse>? v1;
    private readonly AsyncDuplexStreamingCall<Alpha.ServerReflectionRequest, Alpha.ServerReflectionResponse>? alpha;

    public ReflectionCall(ChannelBase channel, string version = "v1")
    {
        if (version == "v1")
        {
            v1 = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        }
        else
        {
            alpha = new Alpha.ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        }
    }

    public Task WriteAsync(ServerReflectionRequest request) =>
        v1?.RequestStream.WriteAsync(request)
        ?? alpha!.RequestStream.WriteAsync(Alpha.ServerReflectionRequest.Parser.ParseFrom(request.ToByteString()));

    /// <summary>The next answer; null when the stream has ended with OK.</summary>
    public async Task<ServerReflectionResponse?> ReadAsync()
    {
        var next = v1?.ResponseStream.MoveNext(CancellationToken.None) ?? alpha!.ResponseStream.MoveNext(CancellationToken.None);
        return await next.WaitAsync(ChatCall.Deadline)
            ? v1?.ResponseStream.Current
                ?? ServerReflectionResponse.Parser.ParseFrom(alpha!.ResponseStream.Current.ToByteString())
            : null;
    }

    public async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        await WriteAsync(request).WaitAsync(ChatCall.Deadline);
        return await ReadAsync() ?? throw new InvalidOperationException("The stream ended instead of an answer.");
    }

    /// <summary>Half-close: no more requests.</summary>
    public Task CompleteAsync() => v1?.RequestStream.CompleteAsync() ?? alpha!.RequestStream.CompleteAsync();

    /// <summary>Reads to the end; returns its status.</summary>
    public async Task<Status> ToEndAsync()
    {
        try
        {
            while (await ReadAsync() is not null)
            {
            }

            return v1?.GetStatus() ?? alpha!.GetStatus();
        }
        catch (RpcException error)
        {
            return error.Status;
        }
    }

    public async Task<StatusCode> EndAsync() => (await ToEndAsync()).StatusCode;

    /// <summary>Drops the call as it is.</summary>
    public ValueTask DisposeAsync()
    {
        v1?.Dispose();
        alpha?.Dispose();
        return ValueTask.CompletedTask;
    }
}
