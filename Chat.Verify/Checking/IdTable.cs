namespace GrpcChat.Verify.Checking;

/// <summary>
/// An event for each id of a room. Ids have no holes, so this is an array in pages; a wrong id, however large, costs
/// one page.
/// </summary>
internal sealed class IdTable
{
    private const int PageBits = 12;
    private const int PageMask = (1 << PageBits) - 1;

    private readonly Dictionary<long, int[]> pages = [];
    private long latestNumber = -1;
    private int[] latest = [];

    /// <summary>The event, or -1.</summary>
    public int Find(long id) => PageOf(id, create: false) is { } page ? page[id & PageMask] - 1 : -1;

    /// <summary>Keeps the event unless the id has one; returns the one that it has now.</summary>
    public int FindOrAdd(long id, int index)
    {
        ref var slot = ref PageOf(id, create: true)![id & PageMask];
        slot = slot == 0 ? index + 1 : slot;
        return slot - 1;
    }

    private int[]? PageOf(long id, bool create)
    {
        var number = id >> PageBits;
        if (number == latestNumber)
        {
            return latest;
        }

        if (!pages.TryGetValue(number, out var page))
        {
            if (!create)
            {
                return null;
            }

            pages.Add(number, page = new int[PageMask + 1]);
        }

        (latestNumber, latest) = (number, page);
        return page;
    }
}
