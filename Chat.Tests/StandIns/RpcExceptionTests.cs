using Grpc.Core;
using Xunit;

namespace Chat.Tests.StandIns;

public class RpcExceptionTests
{
    private static readonly Status NotNow = new(StatusCode.FailedPrecondition, "not now");

    [Fact]
    public void With_a_status_alone_its_text_is_the_message_and_there_are_no_trailers()
    {
        var e = new RpcException(NotNow);

        Assert.Equal(NotNow, e.Status);
        Assert.Equal(StatusCode.FailedPrecondition, e.StatusCode);
        Assert.Equal(NotNow.ToString(), e.Message);
        Assert.Empty(e.Trailers);
        Assert.Null(e.InnerException);
    }

    [Fact]
    public void A_message_of_its_own_replaces_the_text_of_the_status()
    {
        Assert.Equal("m", new RpcException(NotNow, "m").Message);
        Assert.Equal("m", new RpcException(NotNow, new Metadata(), "m").Message);
    }

    [Fact]
    public void Trailers_are_kept_as_given()
    {
        var trailers = new Metadata { { "why", "because" } };

        var e = new RpcException(NotNow, trailers);

        Assert.Same(trailers, e.Trailers);
        Assert.Equal(NotNow.ToString(), e.Message);
        Assert.Same(trailers, new RpcException(NotNow, trailers, "m").Trailers);
    }

    [Fact]
    public void Missing_trailers_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new RpcException(NotNow, (Metadata)null!));
    }

    [Fact]
    public void The_local_cause_of_the_status_is_the_inner_exception()
    {
        var cause = new InvalidOperationException("broken");

        Assert.Same(cause, new RpcException(new Status(StatusCode.Internal, "d", cause)).InnerException);
    }
}
