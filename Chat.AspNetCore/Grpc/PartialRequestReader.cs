using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// The body of one call, with the limits of <see cref="PartialRequests"/>. gRPC leaves a request in the pipe until it
/// is complete, so what it has examined and not consumed is a request that has begun. Reading requests that arrive
/// whole costs nothing more.
/// </summary>
internal sealed class PartialRequestReader(
    PipeReader inner, HeldBytes connection, ChatOptions options, ChatMetrics metrics, TimeProvider time)
    : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    private readonly Lock gate = new();
    private ITimer? timer;
    private bool isTimerSet;
    private bool isDisposed;
    private bool isGivenUp;
    private long held;
    private long begun;
    private volatile Exception? limit;

    public PipeReader Reader => this;

    // Requests may not be larger than the budget of their connection.
    private long MaxHeld => Math.Max(options.MaxPartialBytesPerConnection, options.MaxRequestBytes);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        held == 0 && limit is null ? inner.ReadAsync(cancellationToken) : ReadRestAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed)
    {
        Hold(0);
        inner.AdvanceTo(consumed);
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Hold(Length(consumed, examined));
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    public void Dispose()
    {
        Hold(0);
        lock (gate)
        {
            isDisposed = true;
            timer?.Dispose();
        }
    }

    private static long Length(SequencePosition from, SequencePosition to) =>
        from.Equals(to) ? 0
        : from.GetObject() is ReadOnlySequenceSegment<byte> first && to.GetObject() is ReadOnlySequenceSegment<byte> last
            ? new ReadOnlySequence<byte>(first, from.GetInteger(), last, to.GetInteger()).Length
        : to.GetInteger() - from.GetInteger();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadRestAsync(CancellationToken cancellationToken)
    {
        if (limit is { } before)
        {
            throw before;
        }

        var result = await inner.ReadAsync(cancellationToken);
        if (limit is { } meanwhile)
        {
            inner.AdvanceTo(result.Buffer.Start);
            throw meanwhile;
        }

        return result;
    }

    private void Hold(long bytes)
    {
        if (bytes == held || isGivenUp)
        {
            return;
        }

        var fits = connection.TryAdd(bytes - held, MaxHeld);
        lock (gate)
        {
            begun = held == 0 ? time.GetTimestamp() : begun;
            if (!fits)
            {
                // What it holds counts no longer. Otherwise the calls beside it would end too.
                connection.TryAdd(-held, MaxHeld);
                (held, isGivenUp) = (0, true);
                Reach(
                    nameof(ChatOptions.MaxPartialBytesPerConnection),
                    StatusMapper.TooMuchUnfinished(MaxHeld, options.ReconnectSpread));
                return;
            }

            held = bytes;
            if (bytes > 0 && !isTimerSet && !isDisposed)
            {
                isTimerSet = true;
                timer ??= time.CreateTimer(
                    static reader => ((PartialRequestReader)reader!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                timer.Change(options.RequestLimit, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // A request that becomes complete leaves the timer as it is, so that requests in several pieces cost no more than
    // one timer now and then. A tick looks at what is due.
    private void Tick()
    {
        lock (gate)
        {
            isTimerSet = held > 0 && !isDisposed;
            if (!isTimerSet)
            {
                return;
            }

            var left = options.RequestLimit - time.GetElapsedTime(begun);
            if (left > TimeSpan.Zero)
            {
                // A timer counts whole milliseconds. With less than one it would tick at once.
                timer!.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }

            Reach(nameof(ChatOptions.RequestLimit), StatusMapper.RequestUnfinished(options.RequestLimit));

            // Not after the end of the call, when the pipe may be that of another one.
            inner.CancelPendingRead();
        }
    }

    private void Reach(string option, Exception status)
    {
        if (limit is null)
        {
            metrics.OnLimited(option);
            limit = status;
        }
    }
}
