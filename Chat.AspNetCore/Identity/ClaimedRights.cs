namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// Rights from a list of names: <c>ops</c> is one room, <c>team-*</c> all rooms that begin so, and <c>*</c> every room.
/// <c>:r</c> or <c>:w</c> at the end leaves only reading or only writing.
/// </summary>
internal sealed class ClaimedRights : IRoomRights
{
    private readonly IReadOnlyList<Entry> entries;

    private ClaimedRights(IReadOnlyList<Entry> entries) => this.entries = entries;

    /// <summary>Reading and writing in every room.</summary>
    public static ClaimedRights All { get; } = Parse(["*"]);

    /// <summary>Reads the list.</summary>
    /// <exception cref="FormatException">An entry is not valid; the message says which.</exception>
    public static ClaimedRights Parse(IEnumerable<string> list) => new([.. list.Select(Entry.Parse)]);

    public ValueTask<bool> AllowAsync(string room, RoomAccess access)
    {
        foreach (var entry in entries)
        {
            if (entry.Allows(room, access))
            {
                return new(true);
            }
        }

        return new(false);
    }

    public string? SkipUnreadable(string after)
    {
        string? first = null;
        foreach (var entry in entries)
        {
            if (entry.SkipTo(after) is { } next && (first is null || string.CompareOrdinal(next, first) < 0))
            {
                first = next;
            }
        }

        return first;
    }

    private readonly record struct Entry(string Name, bool IsPrefix, bool Reads, bool Writes)
    {
        public static Entry Parse(string text)
        {
            var (name, reads, writes) = text switch
            {
                [.. var rest, ':', 'r'] => (rest, true, false),
                [.. var rest, ':', 'w'] => (rest, false, true),
                _ => (text, true, true),
            };
            var isPrefix = name.EndsWith('*');
            var bare = isPrefix ? name[..^1] : name;
            return bare.Contains('*') || bare.Contains(':') || name.Length == 0
                ? throw new FormatException(
                    $"'{text}' is not a room or a prefix with one '*' at its end, with ':r' or ':w' or nothing after it")
                : new Entry(bare, isPrefix, reads, writes);
        }

        /// <summary>See <see cref="SkipUnreadable"/>.</summary>
        public string? SkipTo(string after)
        {
            if (!Reads)
            {
                return null;
            }

            if (string.CompareOrdinal(after, Name) < 0)
            {
                // No room has a name between this one and the entry's: '~' is greater than every character of a room's
                // name.
                var before = $"{Name[..^1]}{(char)(Name[^1] - 1)}~";
                return string.CompareOrdinal(before, after) > 0 ? before : after;
            }

            return IsPrefix && after.StartsWith(Name, StringComparison.Ordinal) ? after : null;
        }

        public bool Allows(string room, RoomAccess access) =>
            (access == RoomAccess.Read ? Reads : Writes)
            && (IsPrefix ? room.StartsWith(Name, StringComparison.Ordinal) : room == Name);
    }
}
