using Chat.AspNetCore.Sessions;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Chat.AspNetCore.Grpc;

/// <summary>
/// Every final status that the service gives: its row of the <see cref="ErrorTable"/>, its words, and what else a
/// program can read in its details. None carries the text of an exception.
/// </summary>
internal static class Statuses
{
    public static RpcException LogDamaged => Of(
        ErrorTable.LogDamaged, "the log misses a message; the service's operator must look at it");

    public static RpcException Malformed => Of(
        ErrorTable.Malformed, "the request is cut short, or is not an encoded message of this call");

    public static RpcException NotOneRequest => Of(
        ErrorTable.Malformed, "this call takes exactly one request");

    public static RpcException UnknownCompression => Of(
        ErrorTable.UnknownCompression, "the request is compressed in a way that the service does not know; use gzip or none");

    public static RpcException Unexpected => Of(
        ErrorTable.Unexpected, "unexpected error; the service's log says more");

    public static RpcException ReflectionOff => Of(
        ErrorTable.ReflectionOff, "server reflection is off; the service's option CHAT_REFLECTION=true switches it on");

    /// <summary>Nobody is there to read it.</summary>
    public static RpcException Cancelled => new(new global::Grpc.Core.Status(StatusCode.Cancelled, "the client is gone"));

    public static RpcException Draining(TimeSpan spread) => Of(
        ErrorTable.Draining, "the service stops", RetryWithin(spread));

    public static RpcException StoreUnavailable(TimeSpan spread) => Of(
        ErrorTable.StoreUnavailable,
        "the log can't be used now; come back and repeat what was not answered",
        RetryWithin(spread));

    public static RpcException RequestTooLarge(int most) => Of(
        ErrorTable.TooLarge, $"a request may have at most {most} bytes; send smaller batches");

    public static RpcException InflatesTooMuch(int ratio) => Of(
        ErrorTable.TooLarge, $"the request inflates to more than {ratio} times its size; send it without compression");

    public static RpcException InvalidMetadata(InvalidMetadataException error) => Of(
        ErrorTable.InvalidMetadata, error.Message, Violation(error.Key, error.Message));

    /// <param name="field">Its path in the request.</param>
    /// <param name="detail">What is wrong with it, with its value, and what to do.</param>
    public static RpcException InvalidField(string field, string detail) => Of(
        ErrorTable.Invalid, detail, Violation(field, detail));

    public static RpcException UnknownService(string service) => Of(
        ErrorTable.UnknownService, $"'{Names.Cut(service)}' is no service whose health is known here");

    public static RpcException LogChanged(string given, string logId)
    {
        var detail = $"log_id is '{Names.Cut(given)}', and this log is '{logId}': ids of another log mean nothing here; read anew";
        return Of(ErrorTable.LogChanged, detail);
    }

    /// <summary>What a refusal on a stream is for a unary call.</summary>
    public static RpcException Refused(Refused refused)
    {
        var violation = Violation("send." + refused.Field, refused.Detail);
        return refused.Reason switch
        {
            Reason.Invalid => Of(ErrorTable.Invalid, refused.Detail, violation),
            Reason.TooLarge => Of(ErrorTable.TooLarge, refused.Detail, violation),
            Reason.OffsetReused => Of(ErrorTable.OffsetReused, refused.Detail),
            Reason.Forbidden => Of(ErrorTable.Forbidden, refused.Detail),
            Reason.Limit => Of(
                ErrorTable.Limit,
                refused.Detail,
                refused.RetryAfter is { } delay ? new RetryInfo { RetryDelay = delay.ToDuration() } : null),
            _ => throw new InvalidOperationException($"{refused.Reason} is no reason."),
        };
    }

    private static BadRequest Violation(string field, string detail) => new()
    {
        FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = detail } },
    };

    // Each client gets a delay of its own, so that they do not come at once.
    private static RetryInfo RetryWithin(TimeSpan spread) =>
        new() { RetryDelay = (spread * Random.Shared.NextDouble()).ToDuration() };

    private static RpcException Of(ErrorRow row, string detail, IMessage? more = null)
    {
        var status = new Google.Rpc.Status { Code = (int)row.Code, Message = detail };
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = row.Reason, Domain = ChatError.Domain }));
        if (more is not null)
        {
            status.Details.Add(Any.Pack(more));
        }

        var trailers = new Metadata { { ChatError.DetailsKey, status.ToByteArray() } };
        return new RpcException(new global::Grpc.Core.Status(row.Code, detail), trailers);
    }
}
