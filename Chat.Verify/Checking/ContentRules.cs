using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>Whoever receives an id receives the same message under it.</summary>
internal sealed class OneContentPerId(Facts facts) : Rule("C1", "one content per id", facts)
{
    private readonly IdTable[] seen = [.. facts.Logs.Select(_ => new IdTable())];

    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.Received)
        {
            return;
        }

        var before = seen[happened.Room].FindOrAdd(happened.Id, index);
        if (Events[before].Key != happened.Key || Events[before].Text != happened.Text)
        {
            Report($"{Room(happened)} has two messages with the id {happened.Id}", before, index);
        }
    }
}

/// <summary>A message has one id.</summary>
internal sealed class OneIdPerKey : Rule
{
    private readonly ChunkedList<int> seen = new();

    public OneIdPerKey(Facts facts)
        : base("C2", "one id per client offset", facts) => seen.Grow(facts.Keys.Count);

    public override void Visit(int index, in HistoryEvent happened)
    {
        if (happened.Kind != EventKind.Received || happened.Key < 0)
        {
            return;
        }

        ref var before = ref seen[happened.Key];
        before = before == 0 ? index + 1 : before;
        if (Events[before - 1].Id != happened.Id)
        {
            Report($"a message of {Room(happened)} has the ids {Events[before - 1].Id} and {happened.Id}", before - 1, index);
        }
    }
}

/// <summary>What a client received, a client had sent before.</summary>
internal sealed class NothingInvented(Facts facts) : Rule("C5", "nothing that nobody sent", facts)
{
    // Only few client offsets are sent with more than one text.
    private readonly HashSet<(int Key, ulong Text)> otherTexts = [];

    public override void Visit(int index, in HistoryEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.SendInvoked when happened.Text != FirstText(happened.Key):
                otherTexts.Add((happened.Key, happened.Text));
                break;
            case EventKind.Received when !WasSent(index, happened):
                Report($"nobody had sent message {happened.Id} of {Room(happened)}", index);
                break;
            case EventKind.Acked when happened.Key < 0 || !IsInvokedBefore(happened.Key, index):
                Report($"an ack for {Room(happened)} came that answers nothing", index);
                break;
        }
    }

    private bool WasSent(int index, in HistoryEvent happened) =>
        happened.Key >= 0
        && IsInvokedBefore(happened.Key, index)
        && (happened.Text == FirstText(happened.Key) || otherTexts.Contains((happened.Key, happened.Text)));

    private bool IsInvokedBefore(int key, int index) => Facts.Keys[key].FirstInvoked is > 0 and var sent && sent - 1 < index;

    private ulong FirstText(int key) => Events[Facts.Keys[key].FirstInvoked - 1].Text;
}
