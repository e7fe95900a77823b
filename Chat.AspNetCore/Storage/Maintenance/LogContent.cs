namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>
/// The content of a log as records, always in the same order, and without what only the database knows: two logs with the same
/// content give the same records.
/// </summary>
internal static class LogContent
{
    /// <exception cref="LogDamagedException">A message is missing, or is not what was stored.</exception>
    public static IEnumerable<LogRecord> Read(ILogSnapshot snapshot, Work work)
    {
        var messages = 0L;
        foreach (var room in snapshot.Rooms)
        {
            yield return new RoomRecord(room.Name, room.Oldest, room.Head);
            foreach (var message in snapshot.ReadMessages(room))
            {
                work.Count(messages++, snapshot.Messages);
                yield return message;
            }
        }

        foreach (var offset in snapshot.ReadRetainedOffsets())
        {
            yield return offset;
        }
    }

    /// <summary>How the content of two logs differs first; null if it does not.</summary>
    public static string? FindDifference(ILogSnapshot one, ILogSnapshot other, Work work)
    {
        using var left = Read(one, work).GetEnumerator();
        using var right = Read(other, new Work(null, CancellationToken.None)).GetEnumerator();
        while (true)
        {
            var (inLeft, inRight) = (left.MoveNext() ? left.Current : null, right.MoveNext() ? right.Current : null);
            if (inLeft is null && inRight is null)
            {
                return null;
            }

            if (inLeft != inRight)
            {
                return inLeft is not null && inRight is not null && Name(inLeft) == Name(inRight)
                    ? $"{Name(inLeft)} differs"
                    : $"the one has {Name(inLeft)} where the other has {Name(inRight)}";
            }
        }
    }

    private static string Name(LogRecord? record) => record switch
    {
        RoomRecord room => $"room {room.Room}",
        MessageRecord message => $"message {message.Id} of room {message.Room}",
        ClientOffsetRecord offset => $"the client offset of message {offset.Id} of room {offset.Room}",
        _ => "no more",
    };
}
