using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>What the clients of a run share.</summary>
internal sealed class LoadContext
{
    private readonly Dictionary<string, int> rooms = [];
    private readonly long[] heads;

    public LoadContext(LoadOptions options)
    {
        Options = options;
        Endpoints = new Endpoints(options);
        Offsets = new Offsets(Recording);
        heads = new long[options.Rooms];
        for (var room = 0; room < options.Rooms; room++)
        {
            var name = $"{options.RoomPrefix}-{room}";
            rooms.Add(name, Recording.AddRoom(name));
        }
    }

    public LoadOptions Options { get; }

    public Recording Recording { get; } = new();

    public Endpoints Endpoints { get; }

    public Offsets Offsets { get; }

    /// <summary>Why clients gave up, for people.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>The sender whom the token names; null without a token.</summary>
    public string? TokenSender { get; set; }

    /// <summary>A new client, with a name that shows in the report.</summary>
    public int AddClient(string name, ClientRole role)
    {
        // The service scopes client offsets by sender, and without authentication anybody may have this name.
        var random = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));
        return Offsets.AddClient(new RecordedClient($"{name}-{random}", TokenSender ?? name, role));
    }

    /// <summary>A room of this run; -1 = another one.</summary>
    public int FindRoom(string name) => rooms.GetValueOrDefault(name, -1);

    /// <summary>The largest id that was acked in a room.</summary>
    public long Head(int room) => Interlocked.Read(ref heads[room]);

    public void OnAcked(int room, long id)
    {
        for (var known = Head(room); known < id;)
        {
            known = Interlocked.CompareExchange(ref heads[room], id, known) is var seen && seen == known ? id : seen;
        }
    }

    /// <summary>The event of a message; null if it is of no room of this run.</summary>
    public HistoryEvent? Received(int session, Message message)
    {
        if (FindRoom(message.Room) is not (>= 0 and var room))
        {
            return null;
        }

        var (key, client, _) = Offsets.Find(room, message.ClientOffset);
        return key >= 0 && message.Sender == Recording.Clients[client].Sender
            ? HistoryEvent.Received(session, room, message.Id, key, TextHash.Of(message.Text))
            : HistoryEvent.Received(
                session, room, message.Id, -1, TextHash.Of($"{message.Sender}\n{message.ClientOffset}\n{message.Text}"));
    }
}
