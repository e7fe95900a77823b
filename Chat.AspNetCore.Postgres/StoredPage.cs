using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>Messages that were read from the database, to be shown to the followers of their room.</summary>
internal sealed class StoredPage(string room) : RoomCommit, IMessageSink
{
    private readonly List<(long Id, byte[] Sender, byte[] Text, byte[] ClientOffset, long SentAt, bool IsErased)> rows = [];
    private byte[] name = [];

    public override string Room => room;

    public override long Head => rows[^1].Id;

    public bool TryAdd(scoped in MessageRow row)
    {
        name = name.Length > 0 ? name : row.Room.ToArray();
        rows.Add((row.Id, row.Sender.ToArray(), row.Text.ToArray(), row.ClientOffset.ToArray(), row.SentAt, row.IsErased));
        return true;
    }

    public override void Show(IMessageSink sink)
    {
        foreach (var (id, sender, text, clientOffset, sentAt, isErased) in rows)
        {
            var row = new MessageRow
            {
                Room = name,
                Id = id,
                Sender = sender,
                Text = text,
                ClientOffset = clientOffset,
                SentAt = sentAt,
                IsErased = isErased,
            };
            if (!sink.TryAdd(row))
            {
                return;
            }
        }
    }
}
