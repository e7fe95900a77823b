using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>The final log of a room: what a fresh client read when everything was over.</summary>
internal sealed class FinalLog
{
    private readonly IdTable events = new();

    /// <summary>It was read to its end.</summary>
    public bool IsComplete { get; set; }

    /// <summary>The message with the next id is the oldest that is kept.</summary>
    public long After { get; set; }

    public long Head { get; private set; }

    /// <summary>The event that proves its end, once it is complete.</summary>
    public int EndEvent { get; set; } = -1;

    /// <summary>The event that received the id, or -1.</summary>
    public int Find(long id) => events.Find(id);

    /// <summary>Whether the log has been read, reaches back that far, and does not have the id.</summary>
    public bool Lacks(long id) => IsComplete && id > After && Find(id) < 0;

    public void Add(long id, int index)
    {
        events.FindOrAdd(id, index);
        Head = Math.Max(Head, id);
    }
}

/// <summary>What the history says of one client offset in its room.</summary>
internal struct KeyFacts
{
    /// <summary>The event of its first send, plus 1; 0 = it was never sent.</summary>
    public int FirstInvoked;

    /// <summary>The event of its first ack, plus 1.</summary>
    public int FirstAcked;

    /// <summary>Where it is in the final log: the event, plus 1.</summary>
    public int Final;

    /// <summary>How often it was sent with its first text.</summary>
    public int Sends;

    /// <summary>How often that was refused. With another text, it must be.</summary>
    public int Refusals;
}

/// <summary>
/// What the rules need to know before they look at the first event. One pass over the history collects it.
/// </summary>
internal sealed class Facts
{
    public Facts(Recording recording)
    {
        Recording = recording;
        Logs = [.. recording.Rooms.Select(_ => new FinalLog())];
        Keys.Grow(recording.Keys.Count);
        for (var index = 0; index < recording.Events.Count; index++)
        {
            Take(index, recording.Events[index]);
        }
    }

    public Recording Recording { get; }

    /// <summary>By room.</summary>
    public FinalLog[] Logs { get; }

    /// <summary>By key.</summary>
    public ChunkedList<KeyFacts> Keys { get; } = new();

    /// <summary>The last time that the service was killed; -1 = never.</summary>
    public int LastCrash { get; private set; } = -1;

    public bool IsFinal(in HistoryEvent happened) =>
        Recording.Clients[Recording.Sessions[happened.Session].Client].Role == ClientRole.FinalReader;

    private bool HasFirstText(in HistoryEvent happened) =>
        Keys[happened.Key].FirstInvoked is > 0 and var first && Recording.Events[first - 1].Text == happened.Text;

    private void Take(int index, in HistoryEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.SendInvoked when happened.Key >= 0:
                ref var sent = ref Keys[happened.Key];
                sent.FirstInvoked = sent.FirstInvoked == 0 ? index + 1 : sent.FirstInvoked;
                sent.Sends += HasFirstText(happened) ? 1 : 0;
                break;
            case EventKind.Acked when happened.Key >= 0:
                ref var acked = ref Keys[happened.Key];
                acked.FirstAcked = acked.FirstAcked == 0 ? index + 1 : acked.FirstAcked;
                break;
            case EventKind.Refused when happened.Key >= 0 && HasFirstText(happened):
                Keys[happened.Key].Refusals++;
                break;
            case EventKind.Joined when IsFinal(happened):
                Logs[happened.Room].After = happened.Id;
                break;
            case EventKind.Received when IsFinal(happened):
                Logs[happened.Room].Add(happened.Id, index);
                if (happened.Key >= 0 && Keys[happened.Key].Final == 0)
                {
                    Keys[happened.Key].Final = index + 1;
                }

                break;
            case EventKind.CaughtUp when IsFinal(happened):
                Logs[happened.Room].IsComplete = true;
                Logs[happened.Room].EndEvent = index;
                break;
            case EventKind.FaultBegan when happened.Flag == (byte)FaultKind.Kill:
                LastCrash = index;
                break;
        }
    }
}
