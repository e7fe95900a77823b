using Grpc.Core;
using GrpcChat.Verify.Load;
using Xunit;

namespace GrpcChat.Verify.Tests.Load;

/// <summary>After which errors a client comes back.</summary>
public sealed class EndpointsTests
{
    public static TheoryData<Exception, bool> Errors => new()
    {
        { new RpcException(new Status(StatusCode.Unavailable, "")), true },
        { new RpcException(new Status(StatusCode.Cancelled, "")), true },
        { new RpcException(new Status(StatusCode.PermissionDenied, "")), false },
        { new RpcException(new Status(StatusCode.DataLoss, "")), false },
        { new IOException(), true },

        // From a write, when the service has announced that it closes the connection.
        { new HttpRequestException(), true },
        { new InvalidOperationException(), true },
        { new OperationCanceledException(), true },
        { new ArgumentException(""), false },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_client_comes_back_after_an_error_that_a_new_stream_can_cure(Exception error, bool comesBack) =>
        Assert.Equal(comesBack, Endpoints.IsEndOfStream(error));
}
