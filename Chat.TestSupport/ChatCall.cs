using System.Diagnostics;
using System.Text;
using Grpc.Core;
using GrpcChat.V1;

namespace GrpcChat.TestSupport;

/// <summary>
/// One stream as a raw client sees it. Nothing is read unless the test asks for it, so a test decides when a client
/// reads; what was read stays in the lists.
/// </summary>
internal sealed class ChatCall : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private const int SendsPerRequest = 100;
    private const int TextPerRequest = 256 * 1024;

    private readonly AsyncDuplexStreamingCall<ChatRequest, ChatResponse> call;

    // Heartbeats keep each read short, so the call as a whole has a deadline too.
    private readonly long begun = Stopwatch.GetTimestamp();

    /// <param name="channel">The connection.</param>
    /// <param name="metadata">
    /// Key, value, key, value, …; a value under a key that ends in -bin is encoded as UTF-8.
    /// </param>
    public ChatCall(ChannelBase channel, params string[] metadata)
    {
        var headers = new Metadata();
        foreach (var pair in metadata.Chunk(2))
        {
            if (pair[0].EndsWith("-bin", StringComparison.Ordinal))
            {
                headers.Add(pair[0], Encoding.UTF8.GetBytes(pair[1]));
            }
            else
            {
                headers.Add(pair[0], pair[1]);
            }
        }

        call = new ChatService.ChatServiceClient(channel).Chat(headers);
    }

    public List<ChatResponse> Frames { get; } = [];

    public List<Joined> Joined { get; } = [];

    public List<Message> Messages { get; } = [];

    public List<CaughtUp> CaughtUp { get; } = [];

    public List<Left> Left { get; } = [];

    public List<Ack> Acks { get; } = [];

    public List<Refusal> Refusals { get; } = [];

    public GoAway? GoAway { get; private set; }

    /// <summary>What the stream ended with, where that was not OK.</summary>
    public ChatError? Error { get; private set; }

    public Task<Metadata> Headers => call.ResponseHeadersAsync.WaitAsync(Deadline);

    public IEnumerable<long> Ids(string room = "lobby") => Messages.Where(m => m.Room == room).Select(m => m.Id);

    public Task WriteAsync(ChatRequest request) => call.RequestStream.WriteAsync(request).WaitAsync(Deadline);

    public Task SendAsync(string offset, string text, string room = "") =>
        WriteAsync(new ChatRequest { Sends = { new Send { Room = room, ClientOffset = offset, Text = text } } });

    public Task JoinAsync(Join join) => WriteAsync(new ChatRequest { Joins = { join } });

    public Task LeaveAsync(string room) => WriteAsync(new ChatRequest { Leaves = { new Leave { Room = room } } });

    /// <summary>Sends them all and reads meanwhile, as a client must.</summary>
    public async Task SendManyAsync(string room, IEnumerable<(string Offset, string Text)> sends)
    {
        var answered = Acks.Count + Refusals.Count;
        (string Offset, string Text)[] all = [.. sends];
        var perRequest = Math.Min(SendsPerRequest, TextPerRequest / Math.Max(1, all.Max(send => send.Text.Length)));
        foreach (var chunk in all.Chunk(perRequest))
        {
            await WriteAsync(new ChatRequest
            {
                Sends = { chunk.Select(send => new Send { Room = room, ClientOffset = send.Offset, Text = send.Text }) },
            });
            answered += chunk.Length;
            await UntilAsync(c => c.Acks.Count + c.Refusals.Count >= answered);
        }
    }

    /// <summary>Half-close: no more requests.</summary>
    public Task CompleteAsync() => call.RequestStream.CompleteAsync().WaitAsync(Deadline);

    /// <summary>Reads one frame; false when the stream has ended with OK.</summary>
    public async Task<bool> ReadAsync()
    {
        if (Stopwatch.GetElapsedTime(begun) > Deadline)
        {
            throw new TimeoutException("What the test waits for does not come.");
        }

        if (!await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Deadline))
        {
            return false;
        }

        var frame = call.ResponseStream.Current;
        Frames.Add(frame);
        Joined.AddRange(frame.Joined);
        Messages.AddRange(frame.Messages);
        CaughtUp.AddRange(frame.CaughtUp);
        Left.AddRange(frame.Left);
        Acks.AddRange(frame.Acks);
        Refusals.AddRange(frame.Refusals);
        GoAway = frame.GoAway ?? GoAway;
        return true;
    }

    /// <summary>Reads frames until what was read satisfies the test.</summary>
    public async Task UntilAsync(Func<ChatCall, bool> satisfied)
    {
        while (!satisfied(this))
        {
            if (!await ReadAsync())
            {
                throw new InvalidOperationException("The stream ended before what the test waits for.");
            }
        }
    }

    /// <summary>What a read or write says when the stream or the connection under it has ended.</summary>
    public static bool IsEndOfStream(Exception error) =>
        error is RpcException or InvalidOperationException or IOException or OperationCanceledException;

    /// <summary>Reads frames until the stream ends; returns its status.</summary>
    public async Task<Status> ToEndAsync()
    {
        try
        {
            while (await ReadAsync())
            {
            }

            return call.GetStatus();
        }
        catch (RpcException error)
        {
            Error = ChatError.Of(error);
            return error.Status;
        }
    }

    /// <summary>Drops the call as it is.</summary>
    public ValueTask DisposeAsync()
    {
        call.Dispose();
        return ValueTask.CompletedTask;
    }
}
