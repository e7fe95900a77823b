using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.TestSupport;

/// <summary>A correct log in which a derived class breaks one thing.</summary>
internal abstract class FaultyLog(IMessageLog inner) : IMessageLog
{
    /// <summary>Shows a sink the row, a different one, or none. False if the sink declines.</summary>
    protected delegate bool Showing(scoped in MessageRow row, IMessageSink sink);

    public string LogId => inner.LogId;

    public string Location => inner.Location;

    public LogSize Size => inner.Size;

    public Task Stopped => inner.Stopped;

    public int QueuedSends => inner.QueuedSends;

    public LogHealth Health => inner.Health;

    public event Action<RoomCommit>? Committed
    {
        add => inner.Committed += commit =>
        {
            if (Announces(commit))
            {
                value!(new FaultyCommit(commit, Show));
            }
        };
        remove => throw new NotSupportedException("the service never stops listening to its log");
    }

    public event Action<string>? Erased
    {
        add => inner.Erased += value;
        remove => inner.Erased -= value;
    }

    public virtual ValueTask AppendAsync(Append append, CancellationToken cancellation) => inner.AppendAsync(append, cancellation);

    public Task PingAsync() => inner.PingAsync();

    public Task<ErasureSummary> EraseAsync(MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation) =>
        inner.EraseAsync(messages, progress, cancellation);

    public virtual ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation) => inner.BoundsAsync(room, cancellation);

    public virtual ValueTask<bool> ReadAsync(string room, long after, long through, IMessageSink sink, CancellationToken cancellation) =>
        inner.ReadAsync(room, after, through, new FaultySink(sink, Show), cancellation);

    public Task<RoomBounds> TrimAsync(string room, long through, CancellationToken cancellation) =>
        inner.TrimAsync(room, through, cancellation);

    public ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(string after, int count, CancellationToken cancellation) =>
        inner.ListRoomsAsync(after, count, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>Whether the service hears of a commit.</summary>
    protected virtual bool Announces(RoomCommit commit) => true;

    protected virtual bool Show(scoped in MessageRow row, IMessageSink sink) => sink.TryAdd(row);

    /// <summary>
    /// Replaces a send by another one. The original send gets the answer to the other one, which can be changed.
    /// </summary>
    protected static Append Replace(
        Append append,
        byte[]? text = null,
        string? sender = null,
        string? offset = null,
        Func<AppendResult, AppendResult>? answer = null) =>
        new(new Relay(append, answer ?? (result => result)), append.Room, sender ?? append.Sender, offset ?? append.ClientOffset, text ?? append.Text)
        {
            Malformed = append.Malformed,
            RefuseIfNew = append.RefuseIfNew,
        };

    private sealed class Relay(Append append, Func<AppendResult, AppendResult> answer) : AppendStream
    {
        public override void OnAnswered(Append instead)
        {
            append.Result = answer(instead.Result);
            append.DropText();
            append.Stream.OnAnswered(append);
        }

        protected override void OnFailed() => append.Stream.Fail(Failure!);
    }

    private sealed class FaultyCommit(RoomCommit inner, Showing show) : RoomCommit
    {
        public override string Room => inner.Room;

        public override long Head => inner.Head;

        public override void Show(IMessageSink sink) => inner.Show(new FaultySink(sink, show));
    }

    private sealed class FaultySink(IMessageSink inner, Showing show) : IMessageSink
    {
        public bool TryAdd(scoped in MessageRow row) => show(row, inner);
    }
}
