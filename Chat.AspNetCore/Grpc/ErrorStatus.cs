using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Sessions;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Chat.AspNetCore.Grpc;

/// <summary>Which final status an error becomes, whoever raised it.</summary>
internal sealed class ErrorStatus(ChatOptions options, ILogger<ErrorStatus> logger)
{
    // How gRPC for ASP.NET Core begins to say that a length does not even fit into an int.
    private const string FrameTooLarge = "Message too large";

    /// <param name="error">What ended the call.</param>
    /// <param name="peer">Whose call, for the service's log.</param>
    public RpcException Of(Exception error, string peer)
    {
        switch (error)
        {
            case RpcException own when own.Trailers.Get(ChatError.DetailsKey) is not null:
                return own;
            case InvalidMetadataException metadata:
                return Statuses.InvalidMetadata(metadata);
            case StoreUnavailableException:
                logger.StoreUnavailable(peer, error.Message);
                return Statuses.StoreUnavailable(options.ReconnectSpread);
            case LogDamagedException:
                logger.LogDamaged(error.Message);
                return Statuses.LogDamaged;
            case RpcException { StatusCode: StatusCode.ResourceExhausted }:
                return Statuses.RequestTooLarge(options.MaxRequestBytes);
            case RpcException { StatusCode: StatusCode.Unimplemented }:
                return Statuses.UnknownCompression;
            case RpcException { StatusCode: StatusCode.Internal }: // a frame that is cut short, or marked wrongly
            case InvalidDataException or InvalidProtocolBufferException:
                return Statuses.Malformed;
            case IOException when error.Message.StartsWith(FrameTooLarge, StringComparison.Ordinal):
                return Statuses.RequestTooLarge(options.MaxRequestBytes);
            case IOException or OperationCanceledException or RpcException:
                return Statuses.Cancelled;
            default:
                logger.Unexpected(error);
                return Statuses.Unexpected;
        }
    }
}
