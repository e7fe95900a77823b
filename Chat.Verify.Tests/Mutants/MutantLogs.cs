using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;

namespace GrpcChat.Verify.Tests.Mutants;

/// <summary>Neither looks client offsets up nor keeps them unique: whatever is sent again is stored again.</summary>
internal sealed class LogWithoutClientOffsets(IMessageLog inner) : FaultyLog(inner)
{
    private const char Mark = '!';
    private long sends;

    public override ValueTask AppendAsync(Append append, CancellationToken cancellation) =>
        base.AppendAsync(Replace(append, offset: $"{append.ClientOffset}{Mark}{Interlocked.Increment(ref sends)}"), cancellation);

    protected override bool Show(scoped in MessageRow row, IMessageSink sink) => sink.TryAdd(new MessageRow
    {
        Room = row.Room,
        Id = row.Id,
        Sender = row.Sender,
        Text = row.Text,
        ClientOffset = row.ClientOffset[..row.ClientOffset.LastIndexOf((byte)Mark)],
        SentAt = row.SentAt,
    });
}

/// <summary>Reads <c>id &gt;= after</c> instead of <c>id &gt; after</c>.</summary>
internal sealed class LogThatReadsFromThePosition(IMessageLog inner) : FaultyLog(inner)
{
    public override ValueTask<bool> ReadAsync(string room, long after, long through, IMessageSink sink, CancellationToken cancellation) =>
        base.ReadAsync(room, Math.Max(0, after - 1), through, sink, cancellation);
}

/// <summary>Gives two messages that one client sends after each other the ids of each other, now and then.</summary>
internal sealed class LogThatSwapsTwoIds(IMessageLog inner) : FaultyLog(inner)
{
    private const int Every = 100;

    private readonly Lock gate = new();
    private Append? held;
    private int sends;

    public override async ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        Append? second = null;
        lock (gate)
        {
            if (held is { Stream.HasFailed: false } first)
            {
                if (first.Stream == append.Stream && first.Room == append.Room)
                {
                    (second, held) = (first, null);
                }
            }
            else if (++sends % Every == 0)
            {
                held = append;
                return;
            }
        }

        await base.AppendAsync(append, cancellation);
        if (second is not null)
        {
            await base.AppendAsync(second, cancellation);
        }
    }
}

/// <summary>Does not wake the readers of a room once it has so many commits.</summary>
internal sealed class LogThatLosesAWakeUp(IMessageLog inner) : FaultyLog(inner)
{
    private const int After = 100;

    private int commits;

    protected override bool Announces(RoomCommit commit) => ++commits < After;
}
