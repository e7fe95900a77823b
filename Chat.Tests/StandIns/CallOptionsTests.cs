using Grpc.Core;
using Xunit;

namespace Chat.Tests.StandIns;

public class CallOptionsTests
{
    private static readonly CallCredentials NoCredentials =
        CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);
    private static readonly DateTime Noon = new(2030, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_default_sets_nothing()
    {
        var options = default(CallOptions);

        Assert.Equal(new CallOptions(), options);
        Assert.Null(options.Headers);
        Assert.Null(options.Deadline);
        Assert.Equal(CancellationToken.None, options.CancellationToken);
        Assert.Null(options.WriteOptions);
        Assert.Null(options.PropagationToken);
        Assert.Null(options.Credentials);
        Assert.False(options.IsWaitForReady);
    }

    [Fact]
    public void Each_change_gives_a_copy_with_only_that_changed()
    {
        using var cancelling = new CancellationTokenSource();
        var write = new WriteOptions(WriteFlags.NoCompress);
        var full = new CallOptions([], Noon, cancelling.Token, write, null, NoCredentials).WithWaitForReady();
        var headers = new Metadata();
        var later = Noon.AddDays(1);
        var token = TestContext.Current.CancellationToken;

        Assert.Equal(new Parts(full) with { Headers = headers }, new Parts(full.WithHeaders(headers)));
        Assert.Equal(new Parts(full) with { Deadline = later }, new Parts(full.WithDeadline(later)));
        Assert.Equal(new Parts(full) with { Token = token }, new Parts(full.WithCancellationToken(token)));
        Assert.Equal(
            new Parts(full) with { Write = WriteOptions.Default },
            new Parts(full.WithWriteOptions(WriteOptions.Default)));
        Assert.Equal(new Parts(full) with { Credentials = null }, new Parts(full.WithCredentials(null!)));
        Assert.Equal(new Parts(full) with { Wait = false }, new Parts(full.WithWaitForReady(false)));
    }

    [Fact]
    public void A_change_leaves_the_original_as_it_was()
    {
        var options = new CallOptions(deadline: Noon);

        _ = options.WithDeadline(Noon.AddDays(1)).WithHeaders([]).WithWaitForReady();

        Assert.Equal(new CallOptions(deadline: Noon), options);
    }

    private sealed record Parts(
        Metadata? Headers,
        DateTime? Deadline,
        WriteOptions? Write,
        CallCredentials? Credentials,
        bool Wait,
        CancellationToken Token)
    {
        public Parts(CallOptions o)
            : this(o.Headers, o.Deadline, o.WriteOptions, o.Credentials, o.IsWaitForReady, o.CancellationToken) { }
    }
}
