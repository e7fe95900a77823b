using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>What a client reads in a status, also in one that somebody else on the way has made.</summary>
public sealed class ChatErrorTests
{
    [Theory]
    [InlineData(2, 0, 2.0)]
    [InlineData(0, 0, 0.0)]
    [InlineData(-5, 0, null)] // not a time to wait
    [InlineData(1, -1, null)] // not normalized
    public void A_delay_that_is_none_is_as_if_there_were_none(long seconds, int nanos, double? expected)
    {
        var delay = new RetryInfo { RetryDelay = new Duration { Seconds = seconds, Nanos = nanos } };

        var error = ErrorWith(Any.Pack(delay));

        Assert.Equal(expected, error.RetryDelay?.TotalSeconds);
        Assert.Equal(expected is not null, error.IsRetryable);
    }

    [Fact]
    public void Details_of_types_that_nobody_knows_and_reasons_of_others_are_passed_over()
    {
        var foreign = new ErrorInfo { Domain = "proxy", Reason = "LIMIT" };
        var unknown = new Any { TypeUrl = "type.googleapis.com/google.rpc.DebugInfo", Value = ByteString.CopyFromUtf8("?") };

        Assert.Equal("", ErrorWith(unknown, Any.Pack(foreign)).Reason);
    }

    [Fact]
    public void Bytes_that_are_no_details_are_as_if_there_were_none() =>
        Assert.Equal("", Error([0xff, 0xff]).Reason);

    private static ChatError ErrorWith(params Any[] details) =>
        Error(new Google.Rpc.Status { Details = { details } }.ToByteArray());

    private static ChatError Error(byte[] details) => ChatError.Of(new RpcException(
        new global::Grpc.Core.Status(StatusCode.ResourceExhausted, ""), new Metadata { { ChatError.DetailsKey, details } }));
}
