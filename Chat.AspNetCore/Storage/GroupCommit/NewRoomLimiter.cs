namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// Limits the number of rooms, and of new rooms per sender and minute. Only the log's writer uses it: only the writer
/// knows that a room is new and that the client offset is not stored.
/// </summary>
/// <param name="maxRooms">The limit of all rooms together.</param>
/// <param name="maxNewRoomsPerMinute">The limit of new rooms per sender in each minute.</param>
/// <param name="time">Measures the minutes.</param>
internal sealed class NewRoomLimiter(int maxRooms, int maxNewRoomsPerMinute, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, int> createdByQuota = [];

    // The quotas of new rooms in the current batch, one entry for each room.
    private readonly List<string> admitted = [];
    private long minuteBegan = time.GetTimestamp();

    /// <summary>
    /// Null if somebody with <paramref name="quota"/> may create a room in addition to <paramref name="roomCount"/> others.
    /// </summary>
    public Refused? Admit(string quota, int roomCount)
    {
        if (roomCount >= maxRooms)
        {
            return Refusals.TooManyRooms(maxRooms);
        }

        // All senders share one window. It is cleared as a whole, so the dictionary holds at most one minute's senders.
        var elapsed = time.GetElapsedTime(minuteBegan);
        if (elapsed >= Window)
        {
            createdByQuota.Clear();
            minuteBegan = time.GetTimestamp();
            elapsed = TimeSpan.Zero;
        }

        var created = createdByQuota.GetValueOrDefault(quota);
        if (created >= maxNewRoomsPerMinute)
        {
            return Refusals.TooManyNewRooms(maxNewRoomsPerMinute, Window - elapsed);
        }

        createdByQuota[quota] = created + 1;
        admitted.Add(quota);
        return null;
    }

    /// <summary>The batch has been stored.</summary>
    public void Commit() => admitted.Clear();

    /// <summary>The batch has not been stored: its rooms do not exist and do not count.</summary>
    public void Rollback()
    {
        foreach (var quota in admitted)
        {
            // A new minute may have begun since.
            createdByQuota[quota] = Math.Max(0, createdByQuota.GetValueOrDefault(quota) - 1);
        }

        admitted.Clear();
    }
}
