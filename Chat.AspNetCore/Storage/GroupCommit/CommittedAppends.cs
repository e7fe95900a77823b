using System.Text;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// Shows what a batch added to a room. It reads the appends themselves, which are still in memory right after the
/// commit. One object serves all batches of a writer.
/// </summary>
internal sealed class CommittedAppends : RoomCommit
{
    private string room = "";
    private long head;
    private Append? first;

    /// <summary>The commit time of the batch, see <see cref="LogTime"/>.</summary>
    public long SentAt { get; set; }

    public override string Room => room;

    public override long Head => head;

    /// <summary>Selects a room, its newest id, and the first of the appends that are linked to each other.</summary>
    public CommittedAppends Of(string committed, long newest, Append? firstAppend)
    {
        (room, head, first) = (committed, newest, firstAppend);
        return this;
    }

    public override void Show(IMessageSink sink)
    {
        Span<byte> name = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> sender = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> offset = stackalloc byte[Names.MaxUtf8Bytes];
        name = name[..Encoding.UTF8.GetBytes(Room, name)];
        for (var append = first; append is not null; append = append.NextInRoom)
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
