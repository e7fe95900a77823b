using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Queries;

/// <summary>Selects the messages of a page: consecutive, oldest first, limited in number and size.</summary>
/// <param name="log">The log.</param>
/// <param name="room">A valid room name.</param>
/// <param name="bounds">The room's oldest and newest id.</param>
internal sealed class HistoryPage(IMessageLog log, string room, RoomBounds bounds)
{
    // Encoded messages with their tags and lengths. The other fields of the response are not counted.
    private const int MaxBytes = 1024 * 1024;

    // Backwards, the log is read in steps, so that few more large messages are read than the page has space for.
    private const int StepRows = 64;

    /// <summary>
    /// The oldest messages with ids above <paramref name="after"/>. Null if some of them have been removed since the bounds were
    /// read.
    /// </summary>
    public async ValueTask<IEnumerable<Message>?> AfterAsync(long after, int count, CancellationToken clientAborted)
    {
        var page = new MessageCollector(count, MaxBytes);
        after = Math.Max(after, bounds.Oldest - 1);
        for (var collected = -1; collected < page.Count && !page.IsFull;)
        {
            collected = page.Count;
            if (!await log.ReadAsync(room, after + collected, bounds.Head, page, clientAborted))
            {
                return null;
            }
        }

        // The log finds a message that is missing before another one. Behind the last one it is found here.
        if (!page.IsFull && after + page.Count < bounds.Head)
        {
            throw MissingMessage(after + page.Count + 1);
        }

        return page.Messages;
    }

    /// <summary>The newest messages with ids below <paramref name="before"/>. Null as above.</summary>
    public async ValueTask<IEnumerable<Message>?> BeforeAsync(long before, int count, CancellationToken clientAborted)
    {
        var page = new LinkedList<Message>();
        var free = MaxBytes;
        var first = Math.Min(before, bounds.Head + 1);
        while (first > bounds.Oldest && page.Count < count)
        {
            var rows = Math.Min(StepRows, count - page.Count);
            var after = Math.Max(first - 1 - rows, bounds.Oldest - 1);
            var step = new MessageCollector(rows, int.MaxValue);
            for (var collected = -1; collected < step.Count && step.Count < first - 1 - after;)
            {
                collected = step.Count;
                if (!await log.ReadAsync(room, after + collected, first - 1, step, clientAborted))
                {
                    return null;
                }
            }

            if (step.Count < first - 1 - after)
            {
                throw MissingMessage(after + step.Count + 1);
            }

            foreach (var (message, bytes) in step.Sized.Reverse())
            {
                if ((free -= bytes) < 0)
                {
                    return page;
                }

                page.AddFirst(message);
            }

            first = after + 1;
        }

        return page;
    }

    private LogDamagedException MissingMessage(long id) => new($"room {room}: message {id} is missing");
}
