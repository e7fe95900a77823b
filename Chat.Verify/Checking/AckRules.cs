using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>What was acked is in the log, with the id and the text that were acked.</summary>
internal sealed class AckedIsStored(Facts facts) : Rule("C3", "every acked send is in the log with its id", facts)
{
    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.Acked || happened.Key < 0)
        {
            return;
        }

        var log = Facts.Logs[happened.Room];
        if (!log.IsComplete || (happened.Id >= 1 && happened.Id <= log.After))
        {
            return;
        }

        var stored = log.Find(happened.Id);
        var elsewhere = Facts.Keys[happened.Key].Final - 1;
        if (stored < 0)
        {
            Report(
                elsewhere < 0
                    ? $"a send to {Room(happened)} was acked with the id {happened.Id}, and is not in the log, which ends at {log.Head}"
                    : $"a send to {Room(happened)} was acked with the id {happened.Id}, and is in the log with the id {Events[elsewhere].Id}",
                index,
                elsewhere < 0 ? log.EndEvent : elsewhere);
        }
        else if (Events[stored].Key != happened.Key)
        {
            Report($"a send to {Room(happened)} was acked with the id {happened.Id}, which the log has given to another message", index, stored, elsewhere);
        }
        else if (Events[stored].Text != happened.Text)
        {
            Report($"a send to {Room(happened)} was acked with the id {happened.Id}, and the log has another text under it", index, stored);
        }
    }
}

/// <summary>What was always refused is not in the log.</summary>
internal sealed class RefusedIsNotStored(Facts facts) : Rule("C4", "no refused send is in the log", facts)
{
    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.Refused || happened.Key < 0)
        {
            return;
        }

        ref var key = ref Facts.Keys[happened.Key];
        if (key.Refusals >= key.Sends && key.Final > 0 && key.FirstAcked == 0)
        {
            Report($"a send to {Room(happened)} was refused each time, and is in the log", index, key.Final - 1);
        }
    }
}

/// <summary>However often a message is sent, its acks carry one id.</summary>
internal sealed class RepeatedAcksAgree(Facts facts) : Rule("C11", "repeated acks carry the same id", facts)
{
    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.Acked || happened.Key < 0)
        {
            return;
        }

        var first = Facts.Keys[happened.Key].FirstAcked - 1;
        if (Events[first].Id != happened.Id)
        {
            Report($"a send to {Room(happened)} was acked with the ids {Events[first].Id} and {happened.Id}", first, index);
        }
    }
}
