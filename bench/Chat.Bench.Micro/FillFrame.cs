using BenchmarkDotNet.Attributes;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Shared;
using GrpcChat.V1;
using Microsoft.Extensions.DependencyInjection;

namespace GrpcChat.Bench.Micro;

/// <summary>Builds one response, as a stream does.</summary>
public class FillFrame
{
    private const int Messages = 500;
    private const int Acks = 64;

    private readonly Frame frame = new();
    private readonly Queue<Answer> pending = [];
    private readonly List<Answer> answered = [];
    private ServiceProvider services = null!;
    private NewLog log = null!;
    private FrameFiller filler = null!;
    private RoomHub hub = null!;
    private RoomPosition position = null!;

    /// <summary>Whether the messages are in the room's tail; otherwise they are read from the log.</summary>
    [Params(true, false)]
    public bool FromTail { get; set; }

    /// <summary>A log with messages, and a stream that has joined their room.</summary>
    [GlobalSetup]
    public void Join()
    {
        services = new ServiceCollection().AddMetrics().AddSingleton<ChatMetrics>().BuildServiceProvider();
        log = new NewLog();
        var metrics = services.GetRequiredService<ChatMetrics>();
        hub = new RoomHub(new TailMemory(FromTail ? 1024 * 1024 : 0, 1024 * 1024), metrics);
        log.Log.Committed += hub.OnCommitted;
        var room = hub.Follow(NewLog.Room, new WakeSignal());
        log.Append(Messages);
        filler = new FrameFiller(log.Log, metrics);
        position = new RoomPosition(room, new RoomBounds(1, Messages), after: 0, Resume.Complete);
        pending.Enqueue(new Answer.Joined(position));
        filler.AddAnswers(frame, pending);
        answered.AddRange(Enumerable.Range(1, Acks).Select(id =>
            new Answer.OfLog(new Append(null!, NewLog.Room, "sender", $"0123456789abcdef0123456789abcdef-{id}", [])
            {
                Result = AppendResult.Stored(id),
            })));
    }

    /// <summary>Closes and deletes the log.</summary>
    [GlobalCleanup]
    public void Leave()
    {
        log.Dispose();
        services.Dispose();
    }

    /// <summary>64 acks.</summary>
    [Benchmark(OperationsPerInvoke = Acks)]
    public int AckOfFrame()
    {
        answered.ForEach(pending.Enqueue);
        frame.Clear();
        filler.AddAnswers(frame, pending);
        return pending.Count == 0 ? frame.Length : throw new InvalidOperationException("The acks did not fit.");
    }

    /// <summary>As many messages as fit into a frame.</summary>
    [Benchmark]
    public async Task<int> FrameOfMessages()
    {
        position.LastSentId = 0;
        frame.Clear();
        await filler.AddMessagesAsync(frame, CancellationToken.None);
        return frame.PageCount > 0 ? frame.PageCount : throw new InvalidOperationException("The frame has no messages.");
    }
}
