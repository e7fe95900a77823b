using System.Collections.Concurrent;

namespace Chat.Service.Rooms;

/// <summary>Who follows which room. It holds no messages: it passes on that there are some.</summary>
internal sealed class RoomHub
{
    private readonly ConcurrentDictionary<string, FollowedRoom> rooms = [];

    /// <summary>
    /// From now on <paramref name="bell"/> rings for the room. A head read from the log after this misses no commit:
    /// either it is in that head, or the bell rings.
    /// </summary>
    public FollowedRoom Follow(string name, Doorbell bell)
    {
        while (true)
        {
            var room = rooms.GetOrAdd(name, static name => new FollowedRoom(name));
            if (room.TryFollow(bell))
            {
                return room;
            }

            // Its last follower is just leaving; help to remove it, and begin a new one.
            Remove(room);
        }
    }

    public void Unfollow(FollowedRoom room, Doorbell bell)
    {
        if (room.Unfollow(bell))
        {
            Remove(room);
        }
    }

    /// <summary>Called by the log after each commit.</summary>
    public void OnCommitted(string name, long head)
    {
        if (rooms.TryGetValue(name, out var room))
        {
            room.Advance(head);
        }
    }

    private void Remove(FollowedRoom room) => rooms.TryRemove(new(room.Name, room));
}
