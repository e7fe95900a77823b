using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Checking;

/// <summary>The events that prove a violation, by their numbers in the history, and what is wrong with them.</summary>
internal sealed record Violation(string Message, int[] Events);

/// <summary>What became of a promise.</summary>
/// <param name="Rule">C1 to C12.</param>
/// <param name="Title">The promise, in a few words.</param>
/// <param name="Count">How often it was broken.</param>
/// <param name="First">The first of these.</param>
internal sealed record Verdict(string Rule, string Title, long Count, IReadOnlyList<Violation> First)
{
    public bool IsOk => Count == 0;
}

/// <summary>
/// A promise. It is shown every event once, in order, and keeps no more than it needs to judge the next one.
/// </summary>
internal abstract class Rule(string id, string title, Facts facts)
{
    private const int MostShown = 10;

    private readonly List<Violation> first = [];
    private long count;

    public Verdict Verdict => new(id, title, count, first);

    protected Facts Facts { get; } = facts;

    protected ChunkedList<HistoryEvent> Events => Facts.Recording.Events;

    public virtual void Visit(int index, in HistoryEvent happened)
    {
    }

    /// <summary>There are no more events.</summary>
    public virtual void End()
    {
    }

    protected string Room(in HistoryEvent happened) => Facts.Recording.Rooms[happened.Room];

    /// <param name="message">What is wrong.</param>
    /// <param name="events">The events that prove it; those that are -1 do not exist.</param>
    protected void Report(string message, params int[] events)
    {
        count++;
        if (first.Count < MostShown)
        {
            // In the order in which they happened.
            first.Add(new Violation(message, [.. events.Where(index => index >= 0).Order()]));
        }
    }
}
