using System.Buffers;
using System.Diagnostics;
using Chat.Service.Log;
using Chat.V1;
using Google.Protobuf;

namespace Chat.Service.Session;

/// <summary>
/// One response on its way to a client, kept encoded: at most 64 KiB of <see cref="ChatResponse"/> fields, one after
/// the other. Its buffer is rented for as long as there is something in it.
/// </summary>
internal sealed class Frame : IMessageSink
{
    public const int MaxBytes = 64 * 1024;

    private readonly List<string> rooms = [];
    private byte[]? buffer;
    private int pageLimit;

    /// <summary>Encoded bytes in the frame.</summary>
    public int Length { get; private set; }

    public int Free => MaxBytes - Length;

    /// <summary>How many sends, joins and leaves this frame answers.</summary>
    public int Answers { get; set; }

    /// <summary>How many messages the page that was begun last has brought, and the id of its last.</summary>
    public int PageCount { get; private set; }

    public long PageLastId { get; private set; }

    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);

    /// <summary>True when the frame holds a Joined or Left of the room.</summary>
    public bool Mentions(string room) => rooms.Contains(room);

    public void Mention(string room)
    {
        if (!Mentions(room))
        {
            rooms.Add(room);
        }
    }

    /// <summary>Adds an entry of a field that holds a message; false when it does not fit.</summary>
    /// <param name="field">The number of the field in <see cref="ChatResponse"/>.</param>
    /// <param name="message">The entry.</param>
    public bool TryAdd(int field, IMessage message)
    {
        var size = message.CalculateSize();
        if (MessageEncoding.SizeWithPrefix(size) > Free)
        {
            return false;
        }

        var end = MessageEncoding.WritePrefix(Rest, field, size);
        message.WriteTo(Rest.Slice(end, size));
        Length += end + size;
        return true;
    }

    /// <summary>From now on <paramref name="share"/> bytes of messages may be added; the first may be larger.</summary>
    public void BeginPage(int share)
    {
        pageLimit = Length + share;
        PageCount = 0;
    }

    /// <inheritdoc/>
    public bool TryAdd(scoped in MessageRow row)
    {
        var size = MessageEncoding.SizeOf(row);
        var end = Length + MessageEncoding.SizeWithPrefix(size);
        if (end > MaxBytes || (end > pageLimit && PageCount > 0))
        {
            return false;
        }

        var start = MessageEncoding.WritePrefix(Rest, ChatResponse.MessagesFieldNumber, size);
        var written = MessageEncoding.Write(row, Rest[start..]);
        Debug.Assert(written == size, "A message must be as long as its prefix says.");
        Length = end;
        PageCount++;
        PageLastId = row.Id;
        return true;
    }

    /// <summary>Makes the frame empty; the buffer stays.</summary>
    public void Clear()
    {
        Length = 0;
        Answers = 0;
        rooms.Clear();
    }

    /// <summary>Makes the frame empty and returns its buffer; one is rented again when something is added.</summary>
    public void ReturnBuffer()
    {
        Clear();
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = null;
        }
    }

    private Span<byte> Rest => (buffer ??= ArrayPool<byte>.Shared.Rent(MaxBytes)).AsSpan(Length, Free);
}
