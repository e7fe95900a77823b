using Chat.Client;

namespace Chat.ConsoleClient.Screen;

/// <summary>A room that the screen knows: what it shows, what is unread in it, and the draft that was left in it.</summary>
internal sealed class Room
{
    public Room(string name)
    {
        Name = name;
        Own = new(Timeline);
    }

    public string Name { get; }

    public RoomState State { get; set; }

    public Timeline Timeline { get; } = new();

    public OwnMessages Own { get; }

    public Senders Senders { get; } = new();

    /// <summary>Messages that came while the room, or the end of it, was not on the screen.</summary>
    public int Unread { get; set; }

    public string Draft { get; set; } = "";

    public string LogId { get; private set; } = "";

    /// <summary>The newest id that was received or that the room was joined after.</summary>
    public long LastId { get; private set; }

    /// <summary>The oldest id that the service keeps.</summary>
    public long OldestId { get; private set; } = 1;

    /// <summary>A page was asked for and has not come.</summary>
    public bool IsLoading { get; set; }

    /// <summary>Rows to scroll up once an older page is here.</summary>
    public int RowsWanted { get; set; }

    /// <summary>The id before which older messages can be read; null where there are none, or none of this log.</summary>
    public long? OlderBefore
    {
        get
        {
            var oldest = Timeline.OldestMessage;
            if (LogId.Length == 0 || oldest is not null && oldest.LogId != LogId)
            {
                return null;
            }

            var before = oldest?.Id ?? LastId + 1;
            return before > OldestId ? before : null;
        }
    }

    public void Joined(RoomJoined joined)
    {
        var isHole = joined.LogId == LogId && joined.AfterId > LastId;
        if (isHole)
        {
            Timeline.Clear(); // What is between can be read back; a hole in what came lately could not be shown.
        }

        if (joined.LogId != LogId || isHole)
        {
            LastId = joined.AfterId;
        }

        (State, LogId, OldestId) = (RoomState.Joined, joined.LogId, joined.OldestId);
        (IsLoading, RowsWanted) = (false, 0);
    }

    /// <summary>False where it was here before.</summary>
    public bool Received(MessageReceived received, bool isOwn)
    {
        var message = received.Message;
        var waiting = Own.Receive(received, isOwn);
        if (message.LogId == LogId && message.Id <= LastId)
        {
            if (waiting is not null)
            {
                Timeline.Remove(waiting);
            }

            return false;
        }

        (LogId, LastId) = (message.LogId, message.Id);
        Senders.Add(message.Sender);
        var entry = Entry.Of(message, isOwn || waiting is not null);
        if (waiting is null)
        {
            Timeline.Append(entry);
        }
        else
        {
            Timeline.Settle(waiting, entry);
        }

        return true;
    }

    public void Acked(MessageAcked acked)
    {
        if (Own.Ack(acked) is not { } node)
        {
            return;
        }

        var comesBack = State != RoomState.Left && acked.Id > LastId;
        if (comesBack)
        {
            return;
        }

        foreach (var entry in Own.DropUpTo(node))
        {
            if (State == RoomState.Left)
            {
                Timeline.Append(entry); // Where one is not in the room, it would be seen no more.
            }
        }
    }

    /// <summary>What waits under this key has come back already.</summary>
    public void Settled(string key)
    {
        if (Own.Take(key) is { } node)
        {
            Timeline.Remove(node);
        }
    }

    public void Settle(LinkedListNode<Entry>? refused)
    {
        if (refused is not null)
        {
            Timeline.Settle(refused, refused.Value);
        }
    }

    public void Reset(RoomReset reset)
    {
        Timeline.ForgetPast(); // Ids of the past name other messages now.
        (LogId, LastId, OldestId, IsLoading) = (reset.LogId, reset.AfterId, reset.AfterId + 1, false);
    }

    public void Gap(RoomGap gap) => LastId = Math.Max(LastId, gap.AfterId);

    /// <summary>A page that goes on where what is shown ends, upwards or into the hole; any other comes too late.</summary>
    public void Page(HistoryPage page, string user)
    {
        IsLoading = false;
        if (page.LogId != LogId)
        {
            return;
        }

        OldestId = page.OldestId;
        if (page.Messages.Count == 0)
        {
            OldestId = Math.Max(OldestId, OlderBefore ?? OldestId); // Nothing is left there, whatever the ids promise.
            return;
        }

        Entry[] entries = [.. page.Messages.Select(message => Entry.Of(message, message.Sender == user))];
        foreach (var entry in entries)
        {
            Senders.Add(entry.Sender);
        }

        if (entries[^1].Id + 1 == OlderBefore)
        {
            Timeline.Prepend(entries);
        }
        else if (entries[0].Id == Timeline.PastEnd + 1)
        {
            Timeline.Extend(entries);
        }
    }
}

/// <summary>Whether one is in a room.</summary>
internal enum RoomState
{
    Left,
    Joining,
    Joined,
}
