using System.Globalization;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// Gives out client offsets, "prefix-number", and recognises them in what comes back. May be used from several threads.
/// </summary>
internal sealed class Offsets(Recording recording)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> clients = [];

    // By client, then by number.
    private readonly Dictionary<int, List<(int Key, int Room)>> keys = [];

    public int AddClient(RecordedClient client)
    {
        var number = recording.AddClient(client);
        lock (gate)
        {
            clients.Add(client.Prefix, number);
            keys.Add(number, []);
        }

        return number;
    }

    /// <summary>The next client offset of a client, for a message to a room.</summary>
    public (int Key, int Number) Next(int client, int room)
    {
        lock (gate)
        {
            var own = keys[client];
            var key = recording.AddKey(new RecordedKey(client, room, own.Count));
            own.Add((key, room));
            return (key, own.Count - 1);
        }
    }

    public string Format(int client, int number) => $"{recording.Clients[client].Prefix}-{number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>
    /// The key of a client offset in a room, and its number; -1 = no client of this run has used it there.
    /// </summary>
    public (int Key, int Client, int Number) Find(int room, string offset)
    {
        var dash = offset.LastIndexOf('-');
        if (dash < 0 || !int.TryParse(offset.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return (-1, -1, -1);
        }

        lock (gate)
        {
            return clients.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(offset.AsSpan(0, dash), out var client)
                && number < keys[client].Count
                && keys[client][number] is var known
                && known.Room == room
                    ? (known.Key, client, number)
                    : (-1, -1, -1);
        }
    }
}
