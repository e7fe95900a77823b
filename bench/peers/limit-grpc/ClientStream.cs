using System.Buffers;
using System.Text;
using Grpc.Core;
using GrpcChat.Shared;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>One stream: takes requests, and writes acks and the messages of its room.</summary>
/// <param name="rooms">All rooms.</param>
/// <param name="user">The sender.</param>
/// <param name="room">The room that it reads, and of sends that name none; null = it reads nothing.</param>
internal sealed class ClientStream(RoomList rooms, string user, Room? room)
{
    private readonly byte[] sender = Encoding.UTF8.GetBytes(user);
    private readonly WakeSignal wakeSignal = new();
    private readonly Lock gate = new();
    private readonly Frame frame = new();
    private ArrayBufferWriter<byte>? pendingAcks, acksBeingWritten;
    private Room? sendingTo;
    private Run? position;
    private volatile bool ended;

    /// <summary>The id of the newest message that it has written or is writing.</summary>
    public long LastId => Volatile.Read(ref position)?.LastId ?? long.MaxValue;

    public void Wake() => wakeSignal.Set();

    /// <summary>Gives ids to the sends of a request, makes them visible to the readers and acks them.</summary>
    public ValueTask TakeAsync(byte[] request)
    {
        lock (gate)
        {
            pendingAcks ??= new ArrayBufferWriter<byte>();
            var sends = new SendScanner(request);
            for (var isMore = sends.MoveNext(); isMore;)
            {
                sendingTo = RoomOf(sends.Room);
                isMore = sendingTo.Take(ref sends, sender, pendingAcks);
            }
        }

        Wake();
        return sendingTo?.WaitForReadersAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Writes responses until <see cref="End"/>, including everything that is pending then.</summary>
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

    /// <summary>The client has half-closed: no more requests follow.</summary>
    public void End()
    {
        ended = true;
        Wake();
    }

    private void Fill()
    {
        lock (gate)
        {
            if (pendingAcks is { WrittenCount: > 0 } acks)
            {
                (pendingAcks, acksBeingWritten) = (acksBeingWritten, acks);
                pendingAcks?.ResetWrittenCount();
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
            return room ?? throw new InvalidDataException("A send names no room, and the stream has not joined one.");
        }

        return sendingTo is not null && name.SequenceEqual(sendingTo.NameBytes)
            ? sendingTo
            : rooms.Get(Encoding.UTF8.GetString(name));
    }
}
