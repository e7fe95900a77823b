using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>A room of the screen: its timeline, its unread messages and the draft that was left in it.</summary>
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

    /// <summary>The number of messages that arrived while the end of the room was not on the screen.</summary>
    public int Unread { get; set; }

    public NewMessages New { get; } = new();

    public string Draft { get; set; } = "";

    public string LogId { get; private set; } = "";

    /// <summary>The newest id that was received or skipped.</summary>
    public long LastId { get; private set; }

    /// <summary>The newest message that was received; null if none was.</summary>
    public ChatMessage? Newest { get; private set; }

    /// <summary>The oldest id that the service keeps.</summary>
    public long OldestId { get; private set; } = 1;

    /// <summary>A page of history was requested and has not arrived.</summary>
    public bool IsLoading { get; set; }

    /// <summary>By how many rows to scroll up when the requested page arrives.</summary>
    public int RowsToScroll { get; set; }

    /// <summary>
    /// The id before which older messages can be loaded; null if there are none, or none in this log.
    /// </summary>
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

    /// <summary>Shows a notice.</summary>
    public void Say(string text) => Timeline.Append(new() { Text = text });

    /// <summary>The service has answered a join.</summary>
    public void Joined(RoomJoined joined)
    {
        var isHole = joined.LogId == LogId && joined.AfterId > LastId;
        if (isHole)
        {
            Timeline.Clear(); // A hole among recent messages could not be shown; what is cleared can be loaded again.
        }

        if (joined.LogId != LogId || isHole)
        {
            LastId = joined.AfterId;
        }

        New.Joined(joined.HeadId);
        (State, LogId, OldestId) = (RoomState.Joined, joined.LogId, joined.OldestId);
        (IsLoading, RowsToScroll) = (false, 0);
    }

    /// <summary>The user looks at this room.</summary>
    public void LookAt()
    {
        Unread = 0;
        New.LookAt();
    }

    /// <summary>Everything that the room had when it was joined has arrived.</summary>
    public void CaughtUp(bool isCurrent)
    {
        if (New.CaughtUp(isCurrent) is > 0 and var count)
        {
            var messages = count == 1 ? "message above comes" : "messages above come";
            Say($"the {MessageFormat.FormatCount(count)} {messages} from a different log");
        }
    }

    /// <summary>A message has arrived. True if it is new to the user.</summary>
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

        (LogId, LastId, Newest) = (message.LogId, message.Id, message);
        Senders.Add(message.Sender);
        var entry = Entry.Create(message, isOwn || waiting is not null);
        if (waiting is null)
        {
            Timeline.Append(entry);
        }
        else
        {
            Timeline.Settle(waiting, entry);
        }

        return New.Add(message, entry.Delivery != Delivery.FromOthers);
    }

    /// <summary>The service has stored a message, and all before it.</summary>
    public void Acked(MessageAcked acked)
    {
        if (Own.Ack(acked) is not { } node)
        {
            return;
        }

        var willArrive = State != RoomState.Left && acked.Id > LastId;
        if (willArrive)
        {
            return;
        }

        foreach (var entry in Own.DropUpTo(node))
        {
            if (State == RoomState.Left)
            {
                Timeline.Append(entry); // Nothing arrives from a room that was left.
            }
        }
    }

    /// <summary>The message with this client offset has arrived already; its pending entry goes.</summary>
    public void Settled(string clientOffset)
    {
        if (Own.Take(clientOffset) is { } node)
        {
            Timeline.Remove(node);
        }
    }

    /// <summary>Moves a refused message from the pending ones to its place.</summary>
    public void Settle(LinkedListNode<Entry>? refused)
    {
        if (refused is not null)
        {
            Timeline.Settle(refused, refused.Value);
        }
    }

    /// <summary>Ids start over in another log. What is on the screen stays.</summary>
    public void Reset(RoomReset reset)
    {
        Timeline.ForgetPast(); // Its ids name other messages now.
        (LogId, LastId, OldestId, IsLoading) = (reset.LogId, reset.AfterId, reset.AfterId + 1, false);
        New.Reset();
    }

    /// <summary>The service no longer keeps the messages up to this id.</summary>
    public void SkipTo(long id) => LastId = Math.Max(LastId, id);

    /// <summary>
    /// Adds a page of history above the timeline or in its hole. A page that fits neither was requested for an earlier
    /// state, and is ignored.
    /// </summary>
    public void Add(HistoryPage page, string user)
    {
        IsLoading = false;
        if (page.LogId != LogId)
        {
            return;
        }

        OldestId = page.OldestId;
        if (page.Messages.Count == 0)
        {
            OldestId = Math.Max(OldestId, OlderBefore ?? OldestId); // An empty page: nothing older is kept.
            return;
        }

        Entry[] entries = [.. page.Messages.Select(message => Entry.Create(message, message.Sender == user))];
        foreach (var entry in entries)
        {
            Senders.Add(entry.Sender);
            New.Know(entry.At!.Value);
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

/// <summary>Whether the user is in a room.</summary>
internal enum RoomState
{
    Left,
    Joining,
    Joined,
}
