using Chat.AspNetCore.Sessions;
using Chat.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>Tells tools which services there are and what their messages look like: server reflection.</summary>
internal sealed class ReflectionService(
    IServer server,
    OpenCalls calls,
    ChatOptions options,
    StatusMapper errors,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
    : ReflectionServiceBase
{
    /// <summary>A request holds a name or two, and is sent back.</summary>
    public const int MaxRequestBytes = 16 * 1024;

    // With the details of errors, so that tools can show them.
    private static readonly ServedFiles Files = new(
        [
            ChatService.Descriptor,
            Health.Descriptor,
            ServerReflection.Descriptor,
            global::Grpc.Reflection.V1Alpha.ServerReflection.Descriptor,
        ],
        Google.Rpc.StatusReflection.Descriptor,
        Google.Rpc.ErrorDetailsReflection.Descriptor);

    // What a client that does not read gets when the service stops; it can ask again.
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(1);

    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requests,
        IServerStreamWriter<ServerReflectionResponse> responses,
        ServerCallContext context)
    {
        // Asked at each call: what is listened on is known when the server has started, and not before.
        if (!ReflectionRule.IsOn(options.Reflection, server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []))
        {
            throw StatusMapper.ReflectionOff;
        }

        var stop = lifetime.ApplicationStopping;
        var stream = new ReflectionStream(Files);
        calls.Begin();
        try
        {
            while (await requests.MoveNext(stop))
            {
                await WriteAsync(responses, stream.Answer(requests.Current), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw StatusMapper.Draining(options.ReconnectSpread);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.ResourceExhausted)
        {
            throw StatusMapper.RequestTooLarge(MaxRequestBytes);
        }
        catch (InvalidOperationException)
        {
            // How gRPC says that the client was gone before something was written.
            throw StatusMapper.Cancelled;
        }
        catch (Exception error)
        {
            throw errors.Map(error, context.Peer);
        }
        finally
        {
            calls.End();
        }
    }

    // A client that takes nothing for the stall limit is given up, as on the chat's streams; at the stop, sooner.
    private async Task WriteAsync(
        IServerStreamWriter<ServerReflectionResponse> responses,
        ServerReflectionResponse response,
        CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(options.StallLimit, time);
        await using var hurry = stop.UnsafeRegister(
            static patience => ((CancellationTokenSource)patience!).CancelAfter(LastPatience), patience);
        await responses.WriteAsync(response, patience.Token);
    }
}
