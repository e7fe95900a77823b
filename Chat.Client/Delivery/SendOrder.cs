using System.Diagnostics.CodeAnalysis;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// The messages that may be sent, in their order, and how far the current stream is with them. The outbox's lock guards
/// it.
/// </summary>
internal sealed class SendOrder(TimeProvider time)
{
    private readonly LinkedList<OutboxEntry> entries = [];
    private readonly Dictionary<OutboxEntry, LinkedListNode<OutboxEntry>> nodes = [];

    // Of the current stream: the message after those that have had their turn, and the rooms of those. A room whose
    // messages have waited and need not any more is ready.
    private readonly Dictionary<string, RoomSends> rooms = [];
    private readonly Queue<RoomSends> ready = [];
    private readonly PriorityQueue<RoomSends, (long Until, long Sequence)> held = new();
    private LinkedListNode<OutboxEntry>? next;

    public IEnumerable<OutboxEntry> Entries => entries;

    /// <summary>Messages that have waited may be sent now.</summary>
    public bool HasReady => ready.Count > 0;

    /// <summary>How long until the messages of some room may be sent again; null if none are held.</summary>
    public TimeSpan? HoldLeft =>
        held.TryPeek(out _, out var hold) ? time.GetElapsedTime(time.GetTimestamp(), hold.Until) : null;

    public void Add(OutboxEntry entry)
    {
        var node = entries.AddLast(entry);
        nodes.Add(entry, node);
        next ??= node;
    }

    /// <summary>False if it is not here (yet), so it has not been sent.</summary>
    public bool Remove(OutboxEntry entry)
    {
        if (!nodes.Remove(entry, out var node))
        {
            return false;
        }

        if (next == node)
        {
            next = node.Next;
        }

        entries.Remove(node);
        if (rooms.TryGetValue(entry.Room, out var room))
        {
            room.OnAnswered(entry);
            LineUp(room);
        }

        return true;
    }

    /// <summary>
    /// A message was refused for a while: this long, neither it nor the messages after it in its room are sent. False
    /// if it is not here, so it has not been sent.
    /// </summary>
    public bool Hold(OutboxEntry entry, TimeSpan delay)
    {
        if (!nodes.ContainsKey(entry) || !rooms.TryGetValue(entry.Room, out var room))
        {
            return false;
        }

        var until = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
        room.Hold(entry, until);
        held.Enqueue(room, (until, entry.Sequence));
        return true;
    }

    /// <summary>The room has a message.</summary>
    public void OnRoomExists(string name)
    {
        var room = RoomOf(name);
        room.OnExists();
        LineUp(room);
    }

    /// <summary>A new stream starts with the first message.</summary>
    public void Rewind()
    {
        next = entries.First;
        rooms.Clear();
        ready.Clear();
        held.Clear();
    }

    /// <summary>Adds what is to be sent next to a request, up to about this size. False if there is nothing.</summary>
    public bool Fill(ChatRequest request, int maxBytes)
    {
        ReleaseHeld();
        var size = 0;
        while (size < maxBytes && TryTakeNext(out var entry))
        {
            size += entry.Send.CalculateSize();
            request.Sends.Add(entry.Send);
        }

        return size > 0;
    }

    private void ReleaseHeld()
    {
        while (HoldLeft <= TimeSpan.Zero)
        {
            var room = held.Dequeue();
            if (room.HeldUntil <= time.GetTimestamp())
            {
                room.Release();
                LineUp(room);
            }
        }
    }

    private bool TryTakeNext([NotNullWhen(true)] out OutboxEntry? entry)
    {
        while (ready.TryPeek(out var room))
        {
            if (!room.MaySend || !room.HasWaiting)
            {
                ready.Dequeue().IsReady = false;
                continue;
            }

            entry = room.TakeWaiting();
            if (nodes.ContainsKey(entry))
            {
                room.OnSent(entry);
                return true;
            }
        }

        while (next is { } node)
        {
            next = node.Next;
            var room = RoomOf(node.Value.Room);
            if (room.MaySend && !room.HasWaiting)
            {
                entry = node.Value;
                room.OnSent(entry);
                return true;
            }

            room.Wait(node.Value);
        }

        entry = null;
        return false;
    }

    private RoomSends RoomOf(string name)
    {
        if (!rooms.TryGetValue(name, out var room))
        {
            room = new RoomSends();
            rooms.Add(name, room);
        }

        return room;
    }

    private void LineUp(RoomSends room)
    {
        if (!room.IsReady && room.MaySend && room.HasWaiting)
        {
            room.IsReady = true;
            ready.Enqueue(room);
        }
    }
}
