using System.Collections.Concurrent;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Rooms;

/// <summary>Knows who follows which room.</summary>
internal sealed class RoomHub(TailMemory tails, ChatMetrics metrics)
{
    private readonly ConcurrentDictionary<string, FollowedRoom> rooms = [];

    /// <summary>
    /// From now on, each commit to the room wakes <paramref name="follower"/>. A head that is read from the log after
    /// this call misses no commit: the commit is either part of that head or wakes the follower.
    /// </summary>
    public FollowedRoom Follow(string name, WakeSignal follower)
    {
        while (true)
        {
            var room = rooms.GetOrAdd(name, static (name, hub) => new FollowedRoom(name, new RoomTail(hub.Tails), hub.Metrics), (Tails: tails, Metrics: metrics));
            if (room.TryFollow(follower))
            {
                return room;
            }

            // Its last follower is just leaving: help to remove it, and start a new one.
            Remove(room);
        }
    }

    /// <summary>The room no longer wakes <paramref name="follower"/>.</summary>
    public void Unfollow(FollowedRoom room, WakeSignal follower)
    {
        if (room.Unfollow(follower))
        {
            tails.Close(room.Tail);
            Remove(room);
        }
    }

    /// <summary>Whether anybody follows the room.</summary>
    public bool IsFollowed(string name) => rooms.ContainsKey(name);

    /// <summary>Called by the log after each commit.</summary>
    public void OnCommitted(RoomCommit commit)
    {
        if (rooms.TryGetValue(commit.Room, out var room))
        {
            room.OnCommitted(commit);
        }
    }

    /// <summary>Called by the log when texts of a room have been erased. Its followers read the log instead of the tail.</summary>
    public void OnErased(string name)
    {
        if (rooms.TryGetValue(name, out var room))
        {
            tails.Clear(room.Tail);
        }
    }

    private void Remove(FollowedRoom room) => rooms.TryRemove(new(room.Name, room));
}
