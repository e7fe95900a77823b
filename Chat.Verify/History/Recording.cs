using System.Diagnostics;

namespace GrpcChat.Verify.History;

/// <summary>What a client of the run is for.</summary>
internal enum ClientRole
{
    Sender,
    Reader,

    /// <summary>Reads a room from its beginning when everything is over: what it reads is the final log.</summary>
    FinalReader,
}

/// <summary>A client of the run. Its client offsets are "prefix-0", "prefix-1", …</summary>
internal sealed record RecordedClient(string Prefix, string Sender, ClientRole Role);

/// <summary>A stream: whose it is.</summary>
internal readonly record struct RecordedSession(int Client);

/// <summary>A client offset in its room: the number that ends it.</summary>
internal readonly record struct RecordedKey(int Client, int Room, int Number);

/// <summary>
/// A history: all events in the order in which they happened, and the names of what they are about. An event before
/// another one in the list happened before it, provided that a client records what it does before it does it, and what
/// it sees afterwards. May be used from several threads while it is recorded.
/// </summary>
internal sealed class Recording
{
    private readonly Lock gate = new();
    private readonly long began = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, int> logNumbers = [];

    public List<string> Rooms { get; } = [];

    public List<string> Logs { get; } = [];

    public List<RecordedClient> Clients { get; } = [];

    public ChunkedList<RecordedSession> Sessions { get; } = new();

    public ChunkedList<RecordedKey> Keys { get; } = new();

    public ChunkedList<HistoryEvent> Events { get; } = new();

    public int AddRoom(string name)
    {
        lock (gate)
        {
            Rooms.Add(name);
            return Rooms.Count - 1;
        }
    }

    /// <summary>The number of a log id; the same for the same one.</summary>
    public int NumberOfLog(string logId)
    {
        lock (gate)
        {
            if (!logNumbers.TryGetValue(logId, out var number))
            {
                logNumbers.Add(logId, number = Logs.Count);
                Logs.Add(logId);
            }

            return number;
        }
    }

    public int AddClient(RecordedClient client)
    {
        lock (gate)
        {
            Clients.Add(client);
            return Clients.Count - 1;
        }
    }

    public int AddKey(RecordedKey key)
    {
        lock (gate)
        {
            Keys.Add(key);
            return Keys.Count - 1;
        }
    }

    public int BeginSession(int client)
    {
        lock (gate)
        {
            Sessions.Add(new RecordedSession(client));
            var session = Sessions.Count - 1;
            AddNow(new(0, 0, 0, session, 0, 0, EventKind.SessionBegan, 0));
            return session;
        }
    }

    public void EndSession(int session, SessionEnd end) =>
        Add(new HistoryEvent(0, 0, 0, session, 0, 0, EventKind.SessionEnded, (byte)end));

    /// <summary>Adds an event that happens now, whatever its time.</summary>
    public void Add(in HistoryEvent happened)
    {
        lock (gate)
        {
            AddNow(happened);
        }
    }

    /// <summary>Adds several events that happen now, in this order, and empties the list.</summary>
    public void AddAll(List<HistoryEvent> happened)
    {
        lock (gate)
        {
            foreach (var one in happened)
            {
                AddNow(one);
            }
        }

        happened.Clear();
    }

    private void AddNow(in HistoryEvent happened) => Events.Add(
        happened with { Time = (long)Stopwatch.GetElapsedTime(began).TotalMicroseconds });
}
