using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>
/// Some time after the last fault, every send has an answer, every reader that did not leave is at the head of its
/// rooms, and the rooms can be read to their ends.
/// </summary>
internal sealed class EverybodySettles(Facts facts) : Rule("C12", "everything is answered, everybody reaches the head", facts)
{
    // By client: the rooms that it follows, and the events that set its positions there.
    private readonly Dictionary<int, int>[] positions = [.. facts.Recording.Clients.Select(_ => new Dictionary<int, int>())];
    private int settled = -1;

    public override void Visit(int index, in HistoryEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.Joined or EventKind.Received when !Facts.IsFinal(happened):
                Of(happened)[happened.Room] = index;
                break;
            case EventKind.SessionEnded when happened.Flag == (byte)SessionEnd.Left:
                Of(happened).Clear();
                break;
            case EventKind.Settled:
                settled = index;
                JudgeReaders();
                break;
        }
    }

    public override void End()
    {
        if (settled < 0)
        {
            Report("the history ends before everything was over");
        }

        for (var key = 0; key < Facts.Keys.Count; key++)
        {
            ref var known = ref Facts.Keys[key];
            if (known is { FirstInvoked: > 0, FirstAcked: 0, Refusals: 0 })
            {
                Report($"a send to {Room(Events[known.FirstInvoked - 1])} was never answered", known.FirstInvoked - 1, settled);
            }
        }

        for (var room = 0; room < Facts.Logs.Length; room++)
        {
            if (!Facts.Logs[room].IsComplete)
            {
                Report($"{Facts.Recording.Rooms[room]} could not be read to its end, so nothing is known about its messages", settled);
            }
        }
    }

    private Dictionary<int, int> Of(in HistoryEvent happened) => positions[Facts.Recording.Sessions[happened.Session].Client];

    private void JudgeReaders()
    {
        foreach (var rooms in positions)
        {
            foreach (var (room, last) in rooms)
            {
                var log = Facts.Logs[room];
                if (log.IsComplete && Events[last].Id < log.Head)
                {
                    Report(
                        $"a reader of {Facts.Recording.Rooms[room]} got nothing after {Events[last].Id}, and the room ends at {log.Head}",
                        last,
                        settled,
                        log.EndEvent);
                }
            }
        }
    }
}
