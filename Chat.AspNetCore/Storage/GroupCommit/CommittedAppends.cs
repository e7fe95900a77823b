using System.Text;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// Shows what a batch added to a room. It reads the appends themselves, which are still in memory right after the
/// commit. One object serves all batches of a log.
/// </summary>
internal sealed class CommittedAppends : RoomCommit
{
    private RoomState? room;

    /// <summary>The commit time of the batch, see <see cref="LogTime"/>.</summary>
    public long SentAt { get; set; }

    public override string Room => room!.Name;

    public override long Head => room!.Head;

    /// <summary>Selects a room that has been published and still has its appends.</summary>
    public CommittedAppends Of(RoomState committed)
    {
        room = committed;
        return this;
    }

    public override void Show(IMessageSink sink)
    {
        Span<byte> name = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> sender = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> offset = stackalloc byte[Names.MaxUtf8Bytes];
        name = name[..Encoding.UTF8.GetBytes(Room, name)];
        for (var append = room!.FirstAppend; append is not null; append = append.NextInRoom)
        {
            var row = new MessageRow
            {
                Room = name,
                Id = append.Result.Id,
                Sender = sender[..Encoding.UTF8.GetBytes(append.Sender, sender)],
                Text = append.Text,
                ClientOffset = offset[..Encoding.UTF8.GetBytes(append.ClientOffset, offset)],
                SentAt = SentAt,
            };
            if (!sink.TryAdd(row))
            {
                return;
            }
        }
    }
}
