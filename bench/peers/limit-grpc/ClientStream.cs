using System.Buffers;
using System.Text;
using Grpc.Core;

namespace Chat.Bench.LimitGrpc;

/// <summary>One stream: takes requests, and writes acks and what its room has.</summary>
/// <param name="rooms">All of them.</param>
/// <param name="user">Who sends.</param>
/// <param name="room">What it reads, and where a send goes that names none; null = nothing.</param>
internal sealed class ClientStream(RoomList rooms, string user, Room? room)
{
    private readonly byte[] sender = Encoding.UTF8.GetBytes(user);
    private readonly WakeSignal wakeSignal = new();
    private readonly Lock gate = new();
    private readonly Frame frame = new();
    private ArrayBufferWriter<byte>? answers, beingWritten;
    private Room? sendingTo;
    private Run? position;
    private volatile bool ended;

    /// <summary>The newest message that it has written or is writing.</summary>
    public long LastId => Volatile.Read(ref position)?.LastId ?? long.MaxValue;

    public void Wake() => wakeSignal.Set();

    /// <summary>Numbers the sends in a request, shows them to the readers and acks them.</summary>
    public ValueTask TakeAsync(byte[] request)
    {
        lock (gate)
        {
            answers ??= new ArrayBufferWriter<byte>();
            var sends = new SendScanner(request);
            for (var isMore = sends.MoveNext(); isMore;)
            {
                sendingTo = RoomOf(sends.Room);
                isMore = sendingTo.Take(ref sends, sender, answers);
            }
        }

        Wake();
        return sendingTo?.WaitForReadersAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Writes until the end, and then what is left.</summary>
    public async Task WriteAsync(IServerStreamWriter<Frame> responses)
    {
        position = room?.Follow(this);
        try
        {
            frame.Add(ResponseFields.Greeting(room?.Name, position?.LastId ?? 0));
            while (true)
            {
                var isLast = ended;
                Fill();
                if (frame.Length > 0)
                {
                    await responses.WriteAsync(frame);
                    frame.Clear();
                }
                else if (isLast)
                {
                    return;
                }
                else
                {
                    await wakeSignal.WaitAsync();
                }
            }
        }
        finally
        {
            room?.Unfollow(this);
        }
    }

    /// <summary>No more requests come.</summary>
    public void End()
    {
        ended = true;
        Wake();
    }

    private void Fill()
    {
        lock (gate)
        {
            if (answers is { WrittenCount: > 0 } acks)
            {
                (answers, beingWritten) = (beingWritten, acks);
                answers?.ResetWrittenCount();
                frame.Add(acks.WrittenMemory);
            }
        }

        while (position?.Next is { } next && frame.Length + next.Bytes.Length <= Frame.MaxBytes)
        {
            frame.Add(next.Bytes);
            Volatile.Write(ref position, next);
        }
    }

    private Room RoomOf(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return room ?? throw new InvalidDataException("A send names no room, and none is read.");
        }

        return sendingTo is not null && name.SequenceEqual(sendingTo.NameBytes)
            ? sendingTo
            : rooms.Get(Encoding.UTF8.GetString(name));
    }
}
