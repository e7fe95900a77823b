using System.Buffers;
using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Google.Protobuf;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// One response on its way to a client, kept encoded: at most 64 KiB of <see cref="ChatResponse"/> fields, one after
/// the other. Messages of a room's tail are shared with all its readers and only referred to; what is this client's
/// alone lies in a buffer that is rented until the transport has copied the frame.
/// </summary>
internal sealed class Frame : IMessageSink
{
    public const int MaxBytes = 64 * 1024;

    // Most frames have a few answers and a tail's messages; a page from the log takes what it needs at once.
    private const int LeastBuffer = 512;

    private readonly List<Run> runs = [];
    private readonly List<string> rooms = [];
    private readonly List<(string Room, string ClientOffset)> refused = [];
    private readonly Ack ack = new();
    private byte[]? own;
    private int ownLength;
    private int pageLimit;

    /// <summary>Encoded bytes in the frame.</summary>
    public int Length { get; private set; }

    public int Free => MaxBytes - Length;

    /// <summary>How many sends, joins and leaves this frame answers.</summary>
    public int Answers { get; set; }

    /// <summary>How many messages the page that was begun last has brought, and the id of its last.</summary>
    public int PageCount { get; private set; }

    public long PageLastId { get; private set; }

    /// <summary>Bytes of messages that the page may still take.</summary>
    public int PageFree => Math.Min(pageLimit - Length, Free);

    /// <summary>True when the frame holds a Joined or Left of the room.</summary>
    public bool Mentions(string room) => rooms.Contains(room);

    public void Mention(string room)
    {
        if (!Mentions(room))
        {
            rooms.Add(room);
        }
    }

    /// <summary>True when the frame refuses the key: a client reads a frame's acks first, so a later ack of it must wait.</summary>
    public bool Refuses(string room, string clientOffset) => refused.Contains((room, clientOffset));

    public void Refuse(string room, string clientOffset) => refused.Add((room, clientOffset));

    /// <summary>Adds the ack of a send; false when it does not fit.</summary>
    public bool TryAddAck(string room, string clientOffset, AppendResult result)
    {
        ack.Room = room;
        ack.ClientOffset = clientOffset;
        ack.Id = result.Id;
        ack.Duplicate = result.Duplicate;
        return TryAdd(ChatResponse.AcksFieldNumber, ack);
    }

    /// <summary>Adds an entry of a field that holds a message; false when it does not fit.</summary>
    /// <param name="field">The number of the field in <see cref="ChatResponse"/>.</param>
    /// <param name="message">The entry.</param>
    public bool TryAdd(int field, IMessage message)
    {
        var size = message.CalculateSize();
        var entry = MessageEncoding.SizeWithPrefix(size);
        if (entry > Free)
        {
            return false;
        }

        var target = Extend(entry, atLeast: entry);
        message.WriteTo(target[MessageEncoding.WritePrefix(target, field, size)..]);
        return true;
    }

    /// <summary>From now on <paramref name="share"/> bytes of messages may be added; the first may be larger.</summary>
    public void BeginPage(int share)
    {
        pageLimit = Length + share;
        PageCount = 0;
    }

    /// <summary>Adds a message of the log to the page.</summary>
    public bool TryAdd(scoped in MessageRow row)
    {
        var size = MessageEncoding.SizeOf(row);
        var entry = MessageEncoding.SizeWithPrefix(size);
        if (entry > Free || (entry > PageFree && PageCount > 0))
        {
            return false;
        }

        MessageEncoding.WriteEntry(row, size, Extend(entry, atLeast: Math.Max(entry, PageFree)));
        PageCount++;
        PageLastId = row.Id;
        return true;
    }

    /// <summary>Adds messages of a room's tail to the page; they fit, as they were asked for.</summary>
    public void Add(in EncodedRun run)
    {
        runs.Add(new Run(run.Bytes, run.Start, run.Length));
        Length += run.Length;
        PageCount += run.Count;
        PageLastId = run.LastId;
    }

    /// <summary>Copies the frame out.</summary>
    public void CopyTo(IBufferWriter<byte> target)
    {
        foreach (var run in runs)
        {
            target.Write((run.Shared ?? own).AsSpan(run.Start, run.Length));
        }
    }

    /// <summary>
    /// The bytes have been copied: while the transport waits for its client, nothing is held for it here.
    /// </summary>
    public void ReleaseBytes()
    {
        runs.Clear();
        Length = 0;
        ownLength = 0;
        if (own is not null)
        {
            ArrayPool<byte>.Shared.Return(own);
            own = null;
        }
    }

    /// <summary>Makes the frame empty.</summary>
    public void Clear()
    {
        ReleaseBytes();
        Answers = 0;
        rooms.Clear();
        refused.Clear();
    }

    // The space for so many more bytes of this client's own; what is rented for them is at least as large as is said.
    private Span<byte> Extend(int bytes, int atLeast)
    {
        if (own is null || own.Length - ownLength < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(ownLength + Math.Max(atLeast, LeastBuffer));
            own.AsSpan(0, ownLength).CopyTo(larger);
            if (own is not null)
            {
                ArrayPool<byte>.Shared.Return(own);
            }

            own = larger;
        }

        var start = ownLength;
        ownLength += bytes;
        Length += bytes;
        if (runs.Count > 0 && runs[^1].Shared is null)
        {
            runs[^1] = runs[^1] with { Length = runs[^1].Length + bytes };
        }
        else
        {
            runs.Add(new Run(Shared: null, start, bytes));
        }

        return own.AsSpan(start, bytes);
    }

    /// <summary>Neighbouring bytes of the frame, in a tail or (null) in the frame's own buffer.</summary>
    private readonly record struct Run(byte[]? Shared, int Start, int Length);
}
