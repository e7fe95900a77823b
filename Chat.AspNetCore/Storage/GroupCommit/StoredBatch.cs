using System.Text;
using Chat.V1;

namespace Chat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// Shows what a batch has added, room by room, from the sends themselves: they are in memory when they have just been
/// stored. One object serves all batches of a log.
/// </summary>
internal sealed class StoredBatch : RoomCommit
{
    private RoomState? room;

    /// <summary>The commit time of the batch, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long SentAt { get; set; }

    public override string Room => room!.Name;

    public override long Head => room!.Head;

    /// <summary>The part of one room, which has been published and still has its sends.</summary>
    public StoredBatch Of(RoomState stored)
    {
        room = stored;
        return this;
    }

    public override void Show(IMessageSink sink)
    {
        Span<byte> name = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> sender = stackalloc byte[Names.MaxUtf8Bytes];
        Span<byte> offset = stackalloc byte[Names.MaxUtf8Bytes];
        name = name[..Encoding.UTF8.GetBytes(Room, name)];
        for (var append = room!.FirstStored; append is not null; append = append.NextInRoom)
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
