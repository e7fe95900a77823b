using Chat.Service.Session;
using Grpc.Core;

namespace Chat.Service;

/// <summary>Every final status that the service gives, with its words. None carries the text of an exception.</summary>
internal static class Statuses
{
    public static RpcException Draining => Of(
        StatusCode.Unavailable, "the service stops");

    public static RpcException StoreUnavailable => Of(
        StatusCode.Unavailable, "the log can't be used now; come back and repeat what was not answered");

    public static RpcException LogDamaged => Of(
        StatusCode.DataLoss, "the log misses a message; the service's operator must look at it");

    public static RpcException RequestMalformed => Of(
        StatusCode.InvalidArgument, "the request is not an encoded ChatRequest");

    public static RpcException EncodingUnknown => Of(
        StatusCode.Unimplemented, "the request is compressed in a way that the service does not know; use gzip or none");

    /// <summary>Nobody is there to read it.</summary>
    public static RpcException Cancelled => Of(StatusCode.Cancelled, "the client is gone");

    public static RpcException Internal => Of(StatusCode.Internal, "unexpected error; the service's log says more");

    public static RpcException RequestTooLarge(int most) => Of(
        StatusCode.InvalidArgument, $"a request may have at most {most} bytes; send smaller batches");

    public static RpcException InvalidMetadata(InvalidMetadataException error) => Of(
        StatusCode.InvalidArgument, error.Message);

    private static RpcException Of(StatusCode code, string detail) => new(new Status(code, detail));
}
