using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// What one stream receives of one room. It accepts what the contract allows, and knows what is still due.
/// </summary>
internal sealed class RoomView(ModelRoom room, string logId)
{
    private readonly Queue<Due> due = [];
    private bool isJoined;
    private bool caughtUpIsDue;
    private Joined? joined;

    /// <summary>The id of the last message that the stream received, or the id after which it joined.</summary>
    public long Position { get; private set; }

    public bool IsQuiet => due.Count == 0 && !(isJoined && (caughtUpIsDue || Position < room.Seen));

    public bool IsMessageDue => due.Count == 0 && isJoined && Position < room.Seen;

    /// <summary>Describes the next thing that is due; null if nothing is.</summary>
    public string? Missing => this switch
    {
        { IsQuiet: true } => null,
        { due.Count: > 0 } => due.Peek().ToString(),
        _ when Position < room.Seen => $"message {Position + 1} of {room.Name}",
        _ => $"CaughtUp {joined!.HeadId} of {room.Name}",
    };

    /// <summary>A Joined is due.</summary>
    public void MustJoin(Join join) => due.Enqueue(new Due(room, join, room.Seen, room.Head, Reason.Unspecified));

    /// <summary>A Left with this reason is due.</summary>
    public void MustLeave(Reason reason) => due.Enqueue(new Due(room, Join: null, 0, 0, reason));

    public void Take(Joined told)
    {
        var next = Next(told);
        if (next.Join is null || told.HeadId < next.LeastHead || told.HeadId > next.MostHead)
        {
            throw new Mismatch($"Joined of {room.Name} with head {told.HeadId} arrived instead of {next}");
        }

        var start = JoinStart.Of(next.Join, logId, told.HeadId);
        Same(
            new Joined
            {
                Room = room.Name,
                LogId = logId,
                AfterId = start.AfterId,
                OldestId = 1,
                HeadId = told.HeadId,
                Resume = start.Resume,
            },
            told);
        EndJoin();
        room.Saw(told.HeadId);
        (isJoined, caughtUpIsDue, joined, Position) = (true, true, told, told.AfterId);
    }

    public void Take(Left told)
    {
        var next = Next(told);
        if (next.Join is not null || told.Reason != next.Reason || (told.Reason != Reason.Unspecified) != (told.Detail.Length > 0))
        {
            throw new Mismatch($"Left of {room.Name} because of {told.Reason} ('{told.Detail}') arrived instead of {next}");
        }

        EndJoin();
        isJoined = false;
    }

    public void Take(Message told)
    {
        if (!isJoined || told.Id != Position + 1 || told.Id > room.Head)
        {
            throw new Mismatch($"message {told.Id} of {room.Name} arrived " + (isJoined
                ? $"after {Position} in a room with head {room.Head}"
                : "although the room is not joined"));
        }

        var message = room[told.Id];
        Same(
            new Message
            {
                Room = room.Name,
                Id = message.Id,
                Sender = message.Sender,
                ClientOffset = message.Offset,
                Text = message.Text,
                SentAt = told.SentAt ?? throw new Mismatch($"message {told.Id} of {room.Name} has no time"),
            },
            told);
        Position = told.Id;
        room.Saw(told.Id);
    }

    public void Take(CaughtUp told)
    {
        if (!isJoined || !caughtUpIsDue || told.Id != joined!.HeadId || Position < told.Id)
        {
            throw new Mismatch($"CaughtUp {told.Id} of {room.Name} arrived at {Position}, but " + (isJoined && caughtUpIsDue
                ? $"CaughtUp {joined!.HeadId} is due"
                : "none is due"));
        }

        caughtUpIsDue = false;
    }

    // A join without messages is caught up at once, even if the room is left right away.
    private void EndJoin()
    {
        if (isJoined && caughtUpIsDue && joined!.AfterId == joined.HeadId)
        {
            throw new Mismatch($"a join of {room.Name} without messages ended without its CaughtUp {joined.HeadId}");
        }
    }

    private Due Next(object told) => due.TryDequeue(out var next)
        ? next
        : throw new Mismatch($"{told} arrived, but nothing of the kind is due");

    private static void Same<T>(T expected, T told)
    {
        if (!expected!.Equals(told))
        {
            throw new Mismatch($"{typeof(T).Name} {told} arrived instead of {expected}");
        }
    }

    // A Joined with a head between the two, or a Left if there is no join.
    private sealed record Due(ModelRoom Room, Join? Join, long LeastHead, long MostHead, Reason Reason)
    {
        public override string ToString() => Join is null
            ? $"Left of {Room.Name} because of {Reason}"
            : $"Joined of {Room.Name} with head {LeastHead}" + (MostHead == LeastHead ? "" : $" to {MostHead}");
    }
}
