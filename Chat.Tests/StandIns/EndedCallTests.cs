using Grpc.Core;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class EndedCallTests
{
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_call_whose_deadline_passes_ends_with_DeadlineExceeded()
    {
        await using var server = await TextServer.StartAsync(WaitForTheEnd);
        var options = new CallOptions(deadline: DateTime.UtcNow.AddMilliseconds(300));

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => server.Invoker.AsyncUnaryCall(Unary, null, options, "").ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task A_blocking_call_whose_deadline_has_passed_ends_with_DeadlineExceeded()
    {
        await using var server = await TextServer.StartAsync((_, _) => Task.FromResult(""));
        var options = new CallOptions(deadline: DateTime.UtcNow.AddSeconds(-1));

        var failure = Assert.Throws<RpcException>(() => server.Invoker.BlockingUnaryCall(Unary, null, options, ""));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task The_handler_sees_the_deadline_in_UTC_and_without_one_the_latest_time()
    {
        var seen = DateTime.MinValue;
        await using var server = await TextServer.StartAsync((_, context) =>
        {
            seen = context.Deadline;
            return Task.FromResult("");
        });
        var deadline = DateTime.UtcNow.AddHours(1);

        await server.Invoker.AsyncUnaryCall(Unary, null, new CallOptions(deadline: deadline), "");
        Assert.InRange(seen, deadline.AddMinutes(-10), deadline.AddMinutes(10));
        Assert.Equal(DateTimeKind.Utc, seen.Kind);

        await server.Invoker.AsyncUnaryCall(Unary, null, default, "");
        Assert.Equal(DateTime.MaxValue, seen);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_ends_with_Cancelled_and_its_handler_is_told()
    {
        await using var server = await TextServer.StartAsync(WaitForTheEnd);
        using var cancelling = new CancellationTokenSource();
        var options = Bounded.WithCancellationToken(cancelling.Token);

        using var call = server.Invoker.AsyncUnaryCall(Unary, null, options, "");
        await entered.Task;
        await cancelling.CancelAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        await left.Task;
    }

    [Fact]
    public async Task A_call_that_is_disposed_before_its_end_is_cancelled()
    {
        await using var server = await TextServer.StartAsync(WaitForTheEnd);

        var call = server.Invoker.AsyncUnaryCall(Unary, null, Bounded, "");
        await entered.Task;
        call.Dispose();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await left.Task;
    }

    private async Task<string> WaitForTheEnd(string request, ServerCallContext context)
    {
        entered.TrySetResult();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.CancellationToken.Register(ended.SetResult);
        await ended.Task;
        left.TrySetResult();
        return "";
    }
}
