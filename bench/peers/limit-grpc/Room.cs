using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>Assigns ids, and passes messages to the current readers.</summary>
internal sealed class Room(string name)
{
    // The service limits the sends waiting for its disk to as many; without a limit senders would get ever further
    // ahead.
    private const int MaxAhead = 4096;

    private readonly Lock gate = new();
    private Run last = new(default, 0);
    private ClientStream[] readers = [];

    public string Name => name;

    public byte[] NameBytes { get; } = Encoding.UTF8.GetBytes(name);

    /// <summary>Wakes the reader for new messages from now on; they follow the run that is returned.</summary>
    public Run Follow(ClientStream reader)
    {
        lock (gate)
        {
            readers = [.. readers, reader];
            return last;
        }
    }

    public void Unfollow(ClientStream reader)
    {
        lock (gate)
        {
            readers = [.. readers.Where(other => other != reader)];
        }
    }

    /// <summary>Waits while the slowest reader is far behind.</summary>
    public async ValueTask WaitForReadersAsync()
    {
        while (last.LastId > MaxAhead && Array.Exists(readers, reader => reader.LastId < last.LastId - MaxAhead))
        {
            await Task.Delay(1);
        }
    }

    /// <summary>Takes sends until one is for another room, and writes their acks; false = there are no more.</summary>
    public bool Take(ref SendScanner sends, ReadOnlySpan<byte> sender, ArrayBufferWriter<byte> acks)
    {
        ClientStream[] woken;
        bool isMore;
        lock (gate)
        {
            var id = last.LastId;
            var messages = Buffer(sends.RequestBytes);
            do
            {
                id++;
                acks.WriteAck(NameBytes, sends.ClientOffset, id);
                messages.WriteMessage(NameBytes, id, sender, sends.Text, sends.ClientOffset);
                isMore = sends.MoveNext();
                if (messages.WrittenCount >= Run.FullBytes)
                {
                    last = last.Then(new Run(messages.WrittenMemory, id));
                    messages = Buffer(sends.RequestBytes);
                }
            }
            while (isMore && (sends.Room.IsEmpty || sends.Room.SequenceEqual(NameBytes)));

            if (messages.WrittenCount > 0)
            {
                last = last.Then(new Run(messages.WrittenMemory, id));
            }

            woken = readers;
        }

        foreach (var reader in woken)
        {
            reader.Wake();
        }

        return isMore;
    }

    // A message is larger than its send by the sender, the id and the time.
    private static ArrayBufferWriter<byte> Buffer(int requestBytes) => new(Math.Min(Run.FullBytes + 1024, 2 * requestBytes));
}

/// <summary>All rooms; a room is created when it is first named.</summary>
internal sealed class RoomList
{
    private readonly ConcurrentDictionary<string, Room> rooms = [];

    public Room Get(string name) => rooms.GetOrAdd(name, static name => new Room(name));
}
