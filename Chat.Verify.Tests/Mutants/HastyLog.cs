using System.Text;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Verify.Tests.Mutants;

/// <summary>
/// Tells clients of some batches before they are committed, and then cannot commit them, as if the disk were full: the
/// ids go to other messages.
/// </summary>
/// <param name="acks">It acks these batches.</param>
/// <param name="delivers">It delivers these batches.</param>
internal sealed class HastyLog(bool acks, bool delivers)
{
    private const int Every = 40;

    // As long as a slow disk takes: what was told gets to the clients meanwhile.
    private static readonly TimeSpan CommitTime = TimeSpan.FromMilliseconds(30);

    private int batches;

    /// <summary>Set once the service has started.</summary>
    public RoomHub? Rooms { get; set; }

    /// <summary>For <see cref="LogOptions.BeforeCommit"/>.</summary>
    public void BeforeCommit(IReadOnlyList<Append> batch)
    {
        Append[] stored = [.. batch.Where(append => append.Result is { Refused: null, Duplicate: false })];
        if (++batches < Every || stored.Length == 0)
        {
            return;
        }

        batches = 0;
        foreach (var room in delivers ? stored.GroupBy(append => append.Room) : [])
        {
            Rooms!.OnCommitted(new Uncommitted(room.Key, [.. room]));
        }

        foreach (var append in acks ? stored : [])
        {
            append.Stream.OnAnswered(append);
        }

        Thread.Sleep(CommitTime);
        throw new StoreUnavailableException("the disk is full");
    }

    private sealed class Uncommitted(string room, Append[] stored) : RoomCommit
    {
        public override string Room => room;

        public override long Head => stored[^1].Result.Id;

        public override void Show(IMessageSink sink)
        {
            foreach (var append in stored)
            {
                sink.TryAdd(new MessageRow
                {
                    Room = Encoding.UTF8.GetBytes(room),
                    Id = append.Result.Id,
                    Sender = Encoding.UTF8.GetBytes(append.Sender),
                    Text = append.Text,
                    ClientOffset = Encoding.UTF8.GetBytes(append.ClientOffset),
                    SentAt = 0,
                });
            }
        }
    }
}
