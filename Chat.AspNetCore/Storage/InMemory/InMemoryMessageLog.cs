using System.Text;
using GrpcChat.AspNetCore.Storage.GroupCommit;

namespace GrpcChat.AspNetCore.Storage.InMemory;

/// <summary>
/// A log in memory, which ends with its process. For tests, and for trying out the service without a file.
/// </summary>
internal sealed class InMemoryMessageLog : GroupCommitLog
{
    private const int PageRows = 500;

    private readonly Dictionary<string, List<Message>> committed = [];
    private readonly Dictionary<SendIdentity, StoredSend> sends = [];

    // The current batch. It becomes visible as a whole.
    private readonly List<(string Room, Message Message)> batch = [];
    private readonly List<SendIdentity> batchSends = [];
    private (RoomState Room, long Through)? removed;

    public InMemoryMessageLog(LogOptions? options = null)
        : base(options ?? new LogOptions())
    {
        Start(storedMessages: 0);
    }

    public override string LogId { get; } = IMessageLog.NewId();

    public override string Location => "memory, until the process ends";

    public override ValueTask<bool> ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        Message[] page = [];
        lock (committed)
        {
            if (committed.TryGetValue(room, out var messages) && Rooms.TryGetValue(room, out var state) && after < Math.Min(through, state.Head))
            {
                var start = after + 1 - (messages is [var oldest, ..] ? oldest.Id : state.Head + 1);
                if (start < 0)
                {
                    state.AdvanceOldest(after + 1 - start);
                    return new(false);
                }

                page = [.. messages.Skip((int)start).Take((int)Math.Min(through - after, PageRows))];
            }
        }

        var name = Encoding.UTF8.GetBytes(room);
        foreach (var message in page)
        {
            var row = new MessageRow
            {
                Room = name,
                Id = message.Id,
                Sender = message.Sender,
                Text = message.Text,
                ClientOffset = message.ClientOffset,
                SentAt = message.SentAt,
                IsErased = message.IsErased,
            };
            if (!sink.TryAdd(row))
            {
                break;
            }
        }

        return new(true);
    }

    public override ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(
        string after,
        int count,
        CancellationToken cancellation)
    {
        lock (committed)
        {
            return new([.. committed
                .Where(room => string.CompareOrdinal(room.Key, after) > 0)
                .OrderBy(room => room.Key, StringComparer.Ordinal)
                .Take(count)
                .Select(room => room.Value is [.., var newest]
                    ? new RoomSummary(room.Key, newest.Id, newest.SentAt)
                    : new RoomSummary(room.Key, Rooms[room.Key].Head, LastSentAt: null))]);
        }
    }

    public override async Task<ErasureSummary> EraseAsync(
        MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (messages is { Room: { } room, Sender: null })
        {
            Erasures.EnsureKept(messages, await BoundsAsync(room, cancellation));
        }

        return await RunOnWriterAsync(() => Erase(messages), cancellation) ?? throw Erasures.UnknownSender(messages);
    }

    protected override void BeginBatch()
    {
    }

    protected override bool TryFindStored(RoomState room, Append append, out long id, out UInt128 contentHash)
    {
        var found = sends.TryGetValue(IdentityOf(append), out var stored);
        (id, contentHash) = (stored.Id, stored.ContentHash);
        return found;
    }

    // Rooms are identified by their names here, so their numbers are not used.
    protected override RoomState CreateRoom(string name) => new(roomId: 0, name, oldest: 1, head: 0);

    protected override void Insert(RoomState room, long id, Append append, DateTimeOffset sentAt)
    {
        batch.Add((room.Name, new Message(
            id,
            Encoding.UTF8.GetBytes(append.Sender),
            append.Text,
            Encoding.UTF8.GetBytes(append.ClientOffset),
            LogTime.ToMicroseconds(sentAt))));
        var identity = IdentityOf(append);
        sends.Add(identity, new StoredSend(id, append.ContentHash));
        batchSends.Add(identity);
    }

    protected override void Remove(RoomState room, long through) => removed = (room, through);

    protected override void CommitBatch(IReadOnlyList<RoomState> touched)
    {
        lock (committed)
        {
            foreach (var (room, message) in batch)
            {
                if (!committed.TryGetValue(room, out var messages))
                {
                    committed.Add(room, messages = []);
                }

                messages.Add(message);
            }

            if (removed is { } trim)
            {
                committed[trim.Room.Name].RemoveRange(0, (int)(trim.Through - trim.Room.Oldest + 1));
            }
        }

        removed = null;
        batch.Clear();
        batchSends.Clear();
    }

    protected override void RollbackBatch()
    {
        removed = null;
        batchSends.ForEach(identity => sends.Remove(identity));
        batch.Clear();
        batchSends.Clear();
    }

    protected override ValueTask CloseAsync() => ValueTask.CompletedTask;

    // Null if there has never been such a message.
    private ErasureSummary? Erase(MessagesToErase messages)
    {
        var chosen = sends
            .Where(send => messages.Room is null || send.Key.Room == messages.Room)
            .Where(send => messages.Sender is { } sender ? send.Key.Sender == sender : messages.Ids.Contains(send.Value.Id))
            .ToList();
        var erased = 0L;
        var kept = 0L;
        lock (committed)
        {
            foreach (var (identity, stored) in chosen)
            {
                sends[identity] = stored with { ContentHash = Append.ErasedHash };
                var room = committed[identity.Room];
                var index = room.FindIndex(message => message.Id == stored.Id);
                if (index >= 0)
                {
                    kept++;
                    erased += room[index].IsErased ? 0 : 1;
                    room[index] = room[index] with { Text = [], IsErased = true };
                }
            }
        }

        foreach (var room in chosen.Select(send => send.Key.Room).Distinct())
        {
            OnErased(room);
        }

        return chosen.Count > 0 ? new ErasureSummary(erased, kept - erased) : null;
    }

    private static SendIdentity IdentityOf(Append append) => new(append.Room, append.Sender, append.ClientOffset);

    private readonly record struct SendIdentity(string Room, string Sender, string ClientOffset);

    private readonly record struct StoredSend(long Id, UInt128 ContentHash);

    private sealed record Message(long Id, byte[] Sender, byte[] Text, byte[] ClientOffset, long SentAt, bool IsErased = false);
}
