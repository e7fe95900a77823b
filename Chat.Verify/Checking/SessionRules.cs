using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>
/// After a join, a stream delivers the next id, and the next. Where a join does not start at the position that was
/// asked for, it says so.
/// </summary>
internal sealed class ContiguousSessions(Facts facts) : Rule("C6", "no gap and no repeat in a session", facts)
{
    private readonly Dictionary<long, int> asked = [];

    // The event that set the position of a room on a stream: a join or a message. Its id is the position.
    private readonly Dictionary<long, int> positions = [];

    public override void Visit(int index, in HistoryEvent happened)
    {
        var place = ((long)happened.Session << 32) | (uint)happened.Room;
        switch (happened.Kind)
        {
            case EventKind.JoinAsked:
                asked[place] = index;
                break;
            case EventKind.Joined:
                if (asked.Remove(place, out var asking))
                {
                    Judge(index, happened, asking);
                }
                else
                {
                    JudgeSkip(index, happened, positions.GetValueOrDefault(place, -1));
                }

                positions[place] = index;
                break;
            case EventKind.Received:
                var before = positions.GetValueOrDefault(place, -1);
                if (before < 0)
                {
                    Report($"message {happened.Id} of {Room(happened)} came without a join", index);
                }
                else if (Events[before].Id + 1 != happened.Id)
                {
                    Report($"message {happened.Id} of {Room(happened)} came after {Events[before].Id} in one session", before, index);
                }

                positions[place] = index;
                break;
        }
    }

    // What followed the position is no longer kept.
    private void JudgeSkip(int index, in HistoryEvent joined, int before)
    {
        if (before < 0)
        {
            Report($"{Room(joined)} was joined, and nobody had asked for it", index);
        }
        else if (joined.Flag != (byte)Resume.Gap || joined.Id <= Events[before].Id)
        {
            Report($"{Room(joined)} was after {Events[before].Id}, and started again after {joined.Id}", before, index);
        }
    }

    private void Judge(int index, in HistoryEvent joined, int asking)
    {
        ref var request = ref Events[asking];
        var isComplete = joined.Flag == (byte)Resume.Complete;
        if (request.Id < 0 || joined.Flag == (byte)Resume.Reset)
        {
            return;
        }

        if (isComplete && request.Id > 0 && request.Key >= 0 && request.Key != joined.Key)
        {
            Report($"{Room(joined)} was resumed from position {request.Id} of another log, without a RESET", asking, index);
        }
        else if (isComplete ? joined.Id != request.Id : joined.Id < request.Id)
        {
            Report($"{Room(joined)} was to be resumed from {request.Id}, and started after {joined.Id}", asking, index);
        }
    }
}

/// <summary>What a session received and no crash can excuse is in the log.</summary>
internal sealed class SessionsArePartOfLog(Facts facts) : Rule("C7", "every session is a part of the log", facts)
{
    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind == EventKind.Received && index > Facts.LastCrash && Facts.Logs[happened.Room].Lacks(happened.Id))
        {
            Report($"message {happened.Id} of {Room(happened)} was delivered, and is not in the log", index, Facts.Logs[happened.Room].EndEvent);
        }
    }
}

/// <summary>What was received before a crash is in the log after it.</summary>
internal sealed class ReadIsDurable(Facts facts) : Rule("C10", "what was read before a crash is there after it", facts)
{
    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind == EventKind.Received && index < Facts.LastCrash && Facts.Logs[happened.Room].Lacks(happened.Id))
        {
            Report(
                $"message {happened.Id} of {Room(happened)} was delivered before the service was killed, and is not in the log",
                index,
                Facts.LastCrash,
                Facts.Logs[happened.Room].EndEvent);
        }
    }
}
