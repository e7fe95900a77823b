using System.Buffers;
using Google.Protobuf;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// One response on its way to a client, already encoded: at most 64 KiB of <see cref="ChatResponse"/> fields, one after
/// the other. Messages of a room's tail are shared by all its readers, and the frame only refers to them. What belongs to
/// this client alone is in a buffer that is rented until the transport has copied the frame.
/// </summary>
internal sealed class Frame : IMessageSink
{
    public const int MaxBytes = 64 * 1024;

    // Enough for most frames, which hold a few answers and messages of a tail. A page of the log asks for all it needs at once.
    private const int MinBufferBytes = 512;

    private readonly List<Run> runs = [];
    private readonly List<string> rooms = [];
    private readonly List<(string Room, string ClientOffset)> refusals = [];
    private readonly Ack ack = new();
    private byte[]? own;
    private int ownLength;
    private int pageLimit;

    /// <summary>The number of encoded bytes in the frame.</summary>
    public int Length { get; private set; }

    /// <summary>The number of bytes that still fit.</summary>
    public int Free => MaxBytes - Length;

    /// <summary>The number of sends, joins and leaves that this frame answers.</summary>
    public int Answers { get; set; }

    /// <summary>The number of messages that were added since <see cref="BeginPage"/>.</summary>
    public int PageCount { get; private set; }

    /// <summary>The id of the last of these messages.</summary>
    public long PageLastId { get; private set; }

    /// <summary>The number of bytes that the page may still take.</summary>
    public int PageFree => Math.Min(pageLimit - Length, Free);

    /// <summary>True when the frame holds a <c>Joined</c> or <c>Left</c> of the room.</summary>
    public bool Mentions(string room) => rooms.Contains(room);

    /// <summary>Notes that the frame holds a <c>Joined</c> or <c>Left</c> of the room.</summary>
    public void Mention(string room)
    {
        if (!Mentions(room))
        {
            rooms.Add(room);
        }
    }

    /// <summary>True when the frame refuses a send with this client offset.</summary>
    public bool Refuses(string room, string clientOffset) => refusals.Contains((room, clientOffset));

    /// <summary>Notes that the frame refuses a send with this client offset.</summary>
    public void MarkRefused(string room, string clientOffset) => refusals.Add((room, clientOffset));

    /// <summary>Adds the ack of a send. False when it does not fit.</summary>
    public bool TryAddAck(string room, string clientOffset, AppendResult result)
    {
        ack.Room = room;
        ack.ClientOffset = clientOffset;
        ack.Id = result.Id;
        ack.Duplicate = result.Duplicate;
        return TryAdd(ChatResponse.AcksFieldNumber, ack);
    }

    /// <summary>Adds an entry to a repeated or optional message field. False when it does not fit.</summary>
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

    /// <summary>Starts a page: up to <paramref name="share"/> bytes of messages may be added. The first may be larger.</summary>
    public void BeginPage(int share)
    {
        pageLimit = Length + share;
        PageCount = 0;
    }

    /// <summary>Adds a message of the log to the page. False when it does not fit.</summary>
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

    /// <summary>Adds messages of a room's tail to the page. They fit, because only as many were asked for.</summary>
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
    /// Gives back the memory. Called once the bytes have been copied: while the transport waits for its client, the frame
    /// holds nothing.
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
        refusals.Clear();
    }

    // Space for so many more bytes of the frame's own. A new buffer has room for at least as many bytes as is said.
    private Span<byte> Extend(int bytes, int atLeast)
    {
        if (own is null || own.Length - ownLength < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(ownLength + Math.Max(atLeast, MinBufferBytes));
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

    /// <summary>Consecutive bytes of the frame, in a chunk of a tail or, where that is null, in the frame's own buffer.</summary>
    private readonly record struct Run(byte[]? Shared, int Start, int Length);
}
