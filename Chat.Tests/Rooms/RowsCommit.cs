using System.Text;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Tests.Rooms;

/// <summary>A commit of test messages. The text of each is its id, padded to the given length.</summary>
internal sealed class RowsCommit(string room, long first, int count, int textLength = 20) : RoomCommit
{
    public override string Room => room;

    public override long Head => first + count - 1;

    public override void Show(IMessageSink sink)
    {
        for (var id = first; id <= Head; id++)
        {
            sink.TryAdd(new MessageRow
            {
                Room = Encoding.UTF8.GetBytes(room),
                Id = id,
                Sender = "ann"u8,
                Text = Encoding.UTF8.GetBytes(TextOf(id)),
                ClientOffset = Encoding.UTF8.GetBytes($"offset-{id}"),
                SentAt = 1_790_000_000_000_000 + id,
            });
        }
    }

    public string TextOf(long id) => $"{id}".PadLeft(textLength, '.');
}
