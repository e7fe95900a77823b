using Chat.AspNetCore.Storage;

namespace Chat.Tests.Model;

/// <summary>A log that is right until a derived one makes it wrong somewhere.</summary>
internal abstract class BentLog(IMessageLog inner) : IMessageLog
{
    /// <summary>Shows a row to a sink, or another, or none; false when the sink declines.</summary>
    protected delegate bool Showing(scoped in MessageRow row, IMessageSink sink);

    public string LogId => inner.LogId;

    public string Location => inner.Location;

    public LogSize Size => inner.Size;

    public Task Stopped => inner.Stopped;

    public event Action<RoomCommit>? Committed
    {
        add => inner.Committed += commit => value!(new BentCommit(commit, Show));
        remove => throw new NotSupportedException("The service listens as long as there is a log.");
    }

    public virtual ValueTask AppendAsync(Append append, CancellationToken cancellation) => inner.AppendAsync(append, cancellation);

    public virtual ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation) => inner.BoundsAsync(room, cancellation);

    public ValueTask ReadAsync(string room, long after, long through, IMessageSink sink, CancellationToken cancellation) =>
        inner.ReadAsync(room, after, through, new BentSink(sink, Show), cancellation);

    public ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(string after, int count, CancellationToken cancellation) =>
        inner.ListRoomsAsync(after, count, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    protected virtual bool Show(scoped in MessageRow row, IMessageSink sink) => sink.TryAdd(row);

    /// <summary>Another send in the place of one; the first gets the answer of the second, or what is made of that.</summary>
    protected static Append Instead(
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

    private sealed class BentCommit(RoomCommit inner, Showing show) : RoomCommit
    {
        public override string Room => inner.Room;

        public override long Head => inner.Head;

        public override void Show(IMessageSink sink) => inner.Show(new BentSink(sink, show));
    }

    private sealed class BentSink(IMessageSink inner, Showing show) : IMessageSink
    {
        public bool TryAdd(scoped in MessageRow row) => show(row, inner);
    }
}
