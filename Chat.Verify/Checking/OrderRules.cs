using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>What was acked before another message was sent for the first time has the smaller id.</summary>
internal sealed class RealTimeOrder(Facts facts) : Rule("C8", "acked before sent means a smaller id", facts)
{
    // The largest id that was acked so far in each room: the event, plus 1.
    private readonly int[] newest = new int[facts.Logs.Length];

    public override void Visit(int index, in HistoryEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.Acked when happened.Key >= 0:
                ref var known = ref newest[happened.Room];
                known = known == 0 || happened.Id > Events[known - 1].Id ? index + 1 : known;
                break;
            case EventKind.SendInvoked when newest[happened.Room] is > 0 and var acked:
                Judge(index, happened, acked - 1);
                break;
        }
    }

    private void Judge(int index, in HistoryEvent sent, int acked)
    {
        ref var key = ref Facts.Keys[sent.Key];
        if (key.FirstInvoked - 1 == index && key.Final > 0 && Events[key.Final - 1].Id <= Events[acked].Id)
        {
            Report(
                $"in {Room(sent)}, message {Events[key.Final - 1].Id} was sent after message {Events[acked].Id} had been acked",
                acked,
                index,
                key.Final - 1);
        }
    }
}

/// <summary>
/// The messages of one client in one room have their ids in the order in which they were first sent, also where they
/// were sent again. What was refused once may be sent again later, so it has no place in this order.
/// </summary>
internal sealed class SenderOrder(Facts facts) : Rule("C9", "a sender's order is kept", facts)
{
    // The key that was sent last and is in the log, by client and room.
    private readonly Dictionary<long, int> last = [];

    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.SendInvoked)
        {
            return;
        }

        ref var key = ref Facts.Keys[happened.Key];
        if (key.FirstInvoked - 1 != index || key.Final == 0 || key.Refusals > 0)
        {
            return;
        }

        var place = ((long)Facts.Recording.Keys[happened.Key].Client << 32) | (uint)happened.Room;
        if (last.TryGetValue(place, out var previous))
        {
            ref var before = ref Facts.Keys[previous];
            if (Events[before.Final - 1].Id > Events[key.Final - 1].Id)
            {
                Report(
                    $"in {Room(happened)}, a client sent message {Events[before.Final - 1].Id} before message {Events[key.Final - 1].Id}",
                    before.FirstInvoked - 1,
                    index,
                    before.Final - 1,
                    key.Final - 1);
            }
        }

        last[place] = happened.Key;
    }
}
