using System.Collections.Concurrent;
using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Rooms;

/// <summary>Who follows which room.</summary>
internal sealed class RoomHub(TailMemory tails)
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
            var room = rooms.GetOrAdd(name, static (name, tails) => new FollowedRoom(name, new RoomTail(tails)), tails);
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
            tails.Close(room.Tail);
            Remove(room);
        }
    }

    /// <summary>Called by the log after each commit.</summary>
    public void OnCommitted(RoomCommit commit)
    {
        if (rooms.TryGetValue(commit.Room, out var room))
        {
            room.Advance(commit);
        }
    }

    private void Remove(FollowedRoom room) => rooms.TryRemove(new(room.Name, room));
}
