using GrpcChat.V1;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Tests.Checking;

/// <summary>
/// Writes a history by hand: one room, clients and messages with names. A message "b" has the text "b", unless another
/// one is given.
/// </summary>
internal sealed class Script
{
    private readonly Dictionary<string, int> sessions = [];
    private readonly Dictionary<string, int> keys = [];

    public Script() => Recording.AddRoom("ops");

    public Recording Recording { get; } = new();

    public IReadOnlyList<Verdict> Verdicts => Checker.Check(Recording);

    /// <summary>The rules that the history breaks.</summary>
    public IEnumerable<string> Broken => Verdicts.Where(verdict => !verdict.IsOk).Select(verdict => verdict.Rule);

    /// <summary>Sends a message. The first client that sends it owns its client offset.</summary>
    public Script Send(string client, string message, string? text = null) =>
        Add(HistoryEvent.Invoked(SessionOf(client), 0, KeyOf(message, client), TextHash.Of(text ?? message)));

    public Script Ack(string client, string message, long id, string? text = null) =>
        Add(HistoryEvent.Acked(SessionOf(client), 0, KeyOf(message), TextHash.Of(text ?? message), id, duplicate: false));

    public Script Refuse(string client, string message, string? text = null) => Add(
        HistoryEvent.Refused(SessionOf(client), 0, KeyOf(message), TextHash.Of(text ?? message), (byte)Reason.OffsetReused));

    /// <summary>Sends a message and gets the ack.</summary>
    public Script Store(string client, string message, long id) => Send(client, message).Ack(client, message, id);

    public Script Join(
        string client,
        long asked,
        long? after = null,
        Resume resume = Resume.Complete,
        string? askedLog = null,
        string log = "log") => Add(HistoryEvent.JoinAsked(
            SessionOf(client), 0, asked, askedLog is null ? -1 : Recording.NumberOfLog(askedLog)))
        .Add(HistoryEvent.Joined(SessionOf(client), 0, after ?? asked, Recording.NumberOfLog(log), (byte)resume));

    /// <summary>The client is told that what followed is no longer kept, and that messages after an id follow.</summary>
    public Script Skip(string client, long after) =>
        Add(HistoryEvent.Joined(SessionOf(client), 0, after, Recording.NumberOfLog("log"), (byte)Resume.Gap));

    public Script Receive(string client, long id, string message, string? text = null) =>
        Add(HistoryEvent.Received(SessionOf(client), 0, id, KeyOf(message), TextHash.Of(text ?? message)));

    /// <summary>The client's stream ends; what it does next, it does on another one.</summary>
    public Script End(string client, SessionEnd end)
    {
        Recording.EndSession(SessionOf(client), end);
        sessions.Remove(client);
        return this;
    }

    public Script Kill() => Add(HistoryEvent.Fault(FaultKind.Kill)).Add(HistoryEvent.Fault(FaultKind.Kill, ended: true));

    public Script Settle() => Add(HistoryEvent.Settled());

    /// <summary>
    /// The time to settle is over, and a fresh client reads these messages, from the id <paramref name="after"/> + 1.
    /// </summary>
    public Script Final(string[] messages, long after = 0)
    {
        Settle().Join("final", Position.Everything, after);
        foreach (var message in messages)
        {
            Receive("final", ++after, message);
        }

        return Add(HistoryEvent.CaughtUp(SessionOf("final"), 0, after));
    }

    private Script Add(HistoryEvent happened)
    {
        Recording.Add(happened);
        return this;
    }

    private int SessionOf(string client)
    {
        if (!sessions.TryGetValue(client, out var session))
        {
            sessions.Add(client, session = Recording.BeginSession(ClientOf(client)));
        }

        return session;
    }

    private int ClientOf(string name)
    {
        var known = Recording.Clients.FindIndex(client => client.Prefix == name);
        return known >= 0
            ? known
            : Recording.AddClient(new(name, name, name == "final" ? ClientRole.FinalReader : ClientRole.Sender));
    }

    private int KeyOf(string message, string owner = "nobody")
    {
        if (!keys.TryGetValue(message, out var key))
        {
            keys.Add(message, key = Recording.AddKey(new(ClientOf(owner), 0, keys.Count)));
        }

        return key;
    }
}
