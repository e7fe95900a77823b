using System.Collections.Concurrent;
using System.Text;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.TestSupport;

/// <summary>Takes the same client offset with a different text for a repetition.</summary>
internal sealed class LogThatDoesNotCompareTexts(IMessageLog inner) : FaultyLog(inner)
{
    private readonly ConcurrentDictionary<(string Room, string Sender, string Offset), byte[]> texts = [];

    public override ValueTask AppendAsync(Append append, CancellationToken cancellation) => base.AppendAsync(
        append.Text.Length == 0
            ? append
            : Replace(append, text: texts.GetOrAdd((append.Room, append.Sender, append.ClientOffset), append.Text)),
        cancellation);
}

/// <summary>
/// Knows only the client offsets of the same stream, so a send that is repeated after a drop is stored again.
/// </summary>
internal sealed class LogThatForgetsClientOffsetsWithTheirStream(IMessageLog inner) : FaultyLog(inner)
{
    private const char Mark = '!';
    private readonly ConcurrentDictionary<AppendStream, int> streams = [];

    public override ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        var number = streams.GetOrAdd(append.Stream, _ => streams.Count);
        return base.AppendAsync(Replace(append, offset: $"{append.ClientOffset}{Mark}{number}"), cancellation);
    }

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

/// <summary>Has one set of client offsets for all senders of a room.</summary>
internal sealed class LogThatSharesClientOffsetsAmongSenders(IMessageLog inner) : FaultyLog(inner)
{
    private readonly ConcurrentDictionary<(string Room, string Offset), string> senders = [];

    public override ValueTask AppendAsync(Append append, CancellationToken cancellation) => base.AppendAsync(
        Replace(append, sender: senders.GetOrAdd((append.Room, append.ClientOffset), append.Sender)),
        cancellation);
}

/// <summary>Acks ids that are one too high.</summary>
internal sealed class LogThatAcksTheNextId(IMessageLog inner) : FaultyLog(inner)
{
    public override ValueTask AppendAsync(Append append, CancellationToken cancellation) => base.AppendAsync(
        Replace(append, answer: result => result.Refused is null ? result with { Id = result.Id + 1 } : result),
        cancellation);
}

/// <summary>Never marks an ack as a duplicate.</summary>
internal sealed class LogThatKnowsNoDuplicates(IMessageLog inner) : FaultyLog(inner)
{
    public override ValueTask AppendAsync(Append append, CancellationToken cancellation) => base.AppendAsync(
        Replace(append, answer: result => result with { Duplicate = false }),
        cancellation);
}

/// <summary>Acks the text "two" without storing it.</summary>
internal sealed class LogThatAcksWhatItDoesNotStore(IMessageLog inner) : FaultyLog(inner)
{
    public override async ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        if (!append.Text.AsSpan().SequenceEqual("two"u8))
        {
            await base.AppendAsync(append, cancellation);
            return;
        }

        append.Result = AppendResult.Stored((await BoundsAsync(append.Room, cancellation)).Head + 1);
        append.Stream.OnAnswered(append);
    }
}

/// <summary>Does not show the second message of a room to readers.</summary>
internal sealed class LogThatLosesAMessage(IMessageLog inner) : FaultyLog(inner)
{
    protected override bool Show(scoped in MessageRow row, IMessageSink sink) => row.Id == 2 || sink.TryAdd(row);
}

/// <summary>Shows the first message of a room twice.</summary>
internal sealed class LogThatRepeatsAMessage(IMessageLog inner) : FaultyLog(inner)
{
    protected override bool Show(scoped in MessageRow row, IMessageSink sink) =>
        sink.TryAdd(row) && (row.Id != 1 || sink.TryAdd(row));
}

/// <summary>Shows ann as the sender of bob's messages.</summary>
internal sealed class LogThatMixesUpSenders(IMessageLog inner) : FaultyLog(inner)
{
    protected override bool Show(scoped in MessageRow row, IMessageSink sink) => sink.TryAdd(new MessageRow
    {
        Room = row.Room,
        Id = row.Id,
        Sender = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.Sender).Replace("bob", "ann", StringComparison.Ordinal)),
        Text = row.Text,
        ClientOffset = row.ClientOffset,
        SentAt = row.SentAt,
    });
}

/// <summary>Returns a head that is one message old.</summary>
internal sealed class LogThatReturnsAnOldHead(IMessageLog inner) : FaultyLog(inner)
{
    public override async ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation)
    {
        var bounds = await base.BoundsAsync(room, cancellation);
        return bounds with { Head = Math.Max(0, bounds.Head - 1) };
    }
}
