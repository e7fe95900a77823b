using Grpc.Core;
using Xunit;

namespace Chat.Tests.StandIns;

public class StatusTests
{
    [Fact]
    public void The_text_names_code_and_detail()
    {
        Assert.Equal(
            "Status(StatusCode=\"NotFound\", Detail=\"no such room\")",
            new Status(StatusCode.NotFound, "no such room").ToString());
    }

    [Fact]
    public void The_text_names_type_and_message_of_a_local_cause_without_its_stack()
    {
        var cause = Assert.Throws<InvalidOperationException>(Break);

        Assert.Equal(
            "Status(StatusCode=\"Internal\", Detail=\"\", DebugException=\"System.InvalidOperationException: broken\")",
            new Status(StatusCode.Internal, "", cause).ToString());
    }

    [Fact]
    public void Statuses_with_the_same_parts_are_equal()
    {
        var cause = new InvalidOperationException();

        Assert.Equal(new Status(StatusCode.Aborted, "d", cause), new Status(StatusCode.Aborted, "d", cause));
        Assert.NotEqual(new Status(StatusCode.Aborted, "d"), new Status(StatusCode.Aborted, "e"));
        Assert.NotEqual(new Status(StatusCode.Aborted, "d"), new Status(StatusCode.Internal, "d"));
        Assert.NotEqual(new Status(StatusCode.Aborted, "d"), new Status(StatusCode.Aborted, "d", cause));
    }

    [Fact]
    public void The_ready_made_statuses_have_no_detail()
    {
        Assert.Equal(new Status(StatusCode.OK, ""), Status.DefaultSuccess);
        Assert.Equal(new Status(StatusCode.Cancelled, ""), Status.DefaultCancelled);
    }

    [Fact]
    public void The_codes_have_the_numbers_of_the_wire()
    {
        string[] inOrder =
        [
            "OK", "Cancelled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
            "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
            "Internal", "Unavailable", "DataLoss", "Unauthenticated",
        ];

        Assert.Equal(inOrder, Enumerable.Range(0, 17).Select(n => ((StatusCode)n).ToString()));
        Assert.Equal(17, Enum.GetValues<StatusCode>().Length);
    }

    private static void Break() => throw new InvalidOperationException("broken");
}
