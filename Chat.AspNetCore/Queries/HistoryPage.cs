using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Queries;

/// <summary>Which messages of a room make a page: neighbours, oldest first, not too many and not too large.</summary>
/// <param name="log">The log.</param>
/// <param name="room">A valid room name.</param>
/// <param name="bounds">Where the room begins and ends.</param>
internal sealed class HistoryPage(IMessageLog log, string room, RoomBounds bounds)
{
    // Encoded messages with their tags and lengths; what else is in the response comes on top.
    private const int MaxBytes = 1024 * 1024;

    // Backwards, the page is read in steps, so that of large messages not many more are read than it has space for.
    private const int StepRows = 64;

    /// <summary>The oldest messages with ids above <paramref name="after"/>.</summary>
    public async ValueTask<IEnumerable<Message>> AfterAsync(long after, int count, CancellationToken gone)
    {
        var page = new MessageCollector(count, MaxBytes);
        after = Math.Max(after, bounds.Oldest - 1);
        for (var had = -1; had < page.Count && !page.IsFull;)
        {
            had = page.Count;
            await log.ReadAsync(room, after + had, bounds.Head, page, gone);
        }

        // The log finds a hole before a message; behind the last one it is found here.
        if (!page.IsFull && after + page.Count < bounds.Head)
        {
            throw new LogDamagedException($"room {room}: message {after + page.Count + 1} is missing");
        }

        return page.Messages;
    }

    /// <summary>The newest messages with ids below <paramref name="before"/>.</summary>
    public async ValueTask<IEnumerable<Message>> BeforeAsync(long before, int count, CancellationToken gone)
    {
        var page = new LinkedList<Message>();
        var free = MaxBytes;
        var first = Math.Min(before, bounds.Head + 1);
        while (first > bounds.Oldest && page.Count < count)
        {
            var rows = Math.Min(StepRows, count - page.Count);
            var after = Math.Max(first - 1 - rows, bounds.Oldest - 1);
            var step = new MessageCollector(rows, int.MaxValue);
            await log.ReadAsync(room, after, first - 1, step, gone);
            if (step.Count < first - 1 - after)
            {
                throw new LogDamagedException($"room {room}: message {after + step.Count + 1} is missing");
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
}
