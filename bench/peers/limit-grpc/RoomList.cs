using System.Collections.Concurrent;

namespace Chat.Bench.LimitGrpc;

/// <summary>The rooms that somebody has named.</summary>
internal sealed class RoomList
{
    private readonly ConcurrentDictionary<string, Room> rooms = [];

    public Room Get(string name) => rooms.GetOrAdd(name, static name => new Room(name));
}
