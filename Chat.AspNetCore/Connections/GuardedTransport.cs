using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace GrpcChat.AspNetCore.Connections;

/// <summary>
/// The bytes of a connection on their way to and from the web server, which is told that the connection is aborted when
/// the client exceeds its budget of frames.
/// </summary>
internal sealed class GuardedTransport(IDuplexPipe inner, FrameBudget budget, Action<FrameKind> onFlood) : IDuplexPipe
{
    public PipeReader Input { get; } = new GuardedReader(inner.Input, new FrameScanner(budget), onFlood);

    public PipeWriter Output { get; } = new CountingWriter(inner.Output, budget);

    /// <summary>Looks at everything that is read before it is passed on.</summary>
    private sealed class GuardedReader(PipeReader inner, FrameScanner scanner, Action<FrameKind> onFlood) : PipeReader
    {
        private ReadResult last;

        // Of what has been read and not consumed, how much has been looked at. The web server consumes all that it
        // reads.
        private long seen;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var reading = inner.ReadAsync(cancellationToken);
            return reading.IsCompletedSuccessfully ? new(Look(reading.Result)) : WaitAsync(reading);
        }

        public override bool TryRead(out ReadResult result)
        {
            var isRead = inner.TryRead(out result);
            if (isRead)
            {
                Look(result);
            }

            return isRead;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            seen = last.Buffer.Slice(consumed).Length;
            last = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        [System.Runtime.CompilerServices.AsyncMethodBuilder(
            typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> reading) => Look(await reading);

        private ReadResult Look(in ReadResult result)
        {
            last = result;
            if (scanner.Scan(result.Buffer.Slice(seen)) is { } kind)
            {
                onFlood(kind);
                inner.AdvanceTo(result.Buffer.End);
                throw new ConnectionAbortedException($"The client floods the connection with frames of the kind {kind}.");
            }

            return result;
        }
    }

    /// <summary>Counts what is written.</summary>
    private sealed class CountingWriter(PipeWriter inner, FrameBudget budget) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            budget.OnWritten(bytes);
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
