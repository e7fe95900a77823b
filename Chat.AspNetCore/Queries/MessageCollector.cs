using System.Text;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Queries;

/// <summary>Collects messages up to a number, or until their encoded size would exceed a limit.</summary>
/// <param name="count">The largest number of messages.</param>
/// <param name="maxBytes">The largest encoded size of all messages together.</param>
internal sealed class MessageCollector(int count, int maxBytes) : IMessageSink
{
    private readonly List<(Message Message, int Bytes)> sized = [];
    private int bytes;

    /// <summary>True when no more messages are taken.</summary>
    public bool IsFull { get; private set; }

    public int Count => sized.Count;

    /// <summary>The messages, each with its size in a response.</summary>
    public IEnumerable<(Message Message, int Bytes)> Sized => sized;

    public IEnumerable<Message> Messages => sized.Select(entry => entry.Message);

    public bool TryAdd(scoped in MessageRow row)
    {
        var size = MessageEncoding.SizeWithPrefix(MessageEncoding.SizeOf(row));
        if (IsFull || bytes + size > maxBytes)
        {
            IsFull = true;
            return false;
        }

        bytes += size;
        sized.Add((Decode(row), size));
        IsFull = sized.Count == count;
        return true;
    }

    private static Message Decode(scoped in MessageRow row) => new()
    {
        Room = Encoding.UTF8.GetString(row.Room),
        Id = row.Id,
        Sender = Encoding.UTF8.GetString(row.Sender),
        Text = Encoding.UTF8.GetString(row.Text),
        SentAt = LogTime.FromMicroseconds(row.SentAt).ToTimestamp(),
        ClientOffset = Encoding.UTF8.GetString(row.ClientOffset),
        Erased = row.IsErased,
    };
}
