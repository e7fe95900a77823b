namespace Chat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// Decides whether one more room may come into being. Used by the log's writer alone, because only there is it known
/// that the room is new and the key not stored.
/// </summary>
/// <param name="maxRooms">Rooms in all.</param>
/// <param name="maxNewRoomsPerMinute">New rooms per sender in each minute.</param>
/// <param name="time">The clock that minutes are counted by.</param>
internal sealed class RoomAdmission(int maxRooms, int maxNewRoomsPerMinute, TimeProvider time)
{
    private readonly Dictionary<string, int> createdBySender = [];

    // Who was admitted for the batch that is being stored, once for each room.
    private readonly List<string> admitted = [];
    private long minuteBegan = time.GetTimestamp();

    /// <summary>Null when <paramref name="sender"/> may create a room beside <paramref name="roomCount"/> others.</summary>
    public Refused? Admit(string sender, int roomCount)
    {
        if (roomCount >= maxRooms)
        {
            return Refusals.TooManyRooms(maxRooms);
        }

        // One window for everybody: it is cleared as a whole, so the table can't outgrow a minute.
        if (time.GetElapsedTime(minuteBegan) >= TimeSpan.FromMinutes(1))
        {
            createdBySender.Clear();
            minuteBegan = time.GetTimestamp();
        }

        var created = createdBySender.GetValueOrDefault(sender);
        if (created >= maxNewRoomsPerMinute)
        {
            return Refusals.TooManyNewRooms(maxNewRoomsPerMinute);
        }

        createdBySender[sender] = created + 1;
        admitted.Add(sender);
        return null;
    }

    /// <summary>The batch was stored.</summary>
    public void Keep() => admitted.Clear();

    /// <summary>The batch was not stored, and neither were its rooms: they don't count.</summary>
    public void Forget()
    {
        foreach (var sender in admitted)
        {
            // It may be a new minute since.
            createdBySender[sender] = Math.Max(0, createdBySender.GetValueOrDefault(sender) - 1);
        }

        admitted.Clear();
    }
}
