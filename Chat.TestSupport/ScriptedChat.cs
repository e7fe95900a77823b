using System.Net;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GrpcChat.TestSupport;

/// <summary>A service that says what a test tells it to, frame by frame, over real HTTP/2.</summary>
internal sealed class ScriptedChat : IAsyncDisposable
{
    // A client that comes back more often than the test looks waits for its first frame.
    private readonly Channel<ScriptedStream> streams = Channel.CreateBounded<ScriptedStream>(100);
    private WebApplication? app;

    public string Address => app!.Urls.Single();

    /// <summary>Answers calls for pages of rooms.</summary>
    public Func<ListRoomsRequest, ListRoomsResponse> Rooms { get; set; } = _ => new ListRoomsResponse();

    /// <param name="host">Where it listens; null = 127.0.0.1.</param>
    /// <param name="port">The port; 0 = a free one.</param>
    public static async Task<ScriptedChat> StartAsync(IPAddress? host = null, int port = 0)
    {
        var chat = new ScriptedChat();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(host ?? IPAddress.Loopback, port, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(chat);
        chat.app = builder.Build();
        chat.app.MapGrpcService<Service>();
        await chat.app.StartAsync();
        return chat;
    }

    /// <summary>The next stream that a client opens.</summary>
    public Task<ScriptedStream> NextAsync() => streams.Reader.ReadAsync().AsTask().WaitAsync(ChatCall.Deadline);

    /// <summary>
    /// The same, with its first frame. It says that these rooms have messages: a client sends the first message of a
    /// room that it knows nothing about alone.
    /// </summary>
    public async Task<ScriptedStream> WelcomeAsync(params string[] rooms)
    {
        var stream = await NextAsync();
        var first = new ChatResponse { Heartbeat = Scripted.Beat(20) };
        first.Joined.AddRange(rooms.SelectMany(room => Scripted.Joined(room, after: 1, head: 1).Joined));
        await stream.SayAsync(first);
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        while (streams.Reader.TryRead(out var stream))
        {
            stream.End();
        }

        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app!.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private sealed class Service(ScriptedChat chat) : ChatService.ChatServiceBase
    {
        public override async Task Chat(
            IAsyncStreamReader<ChatRequest> requestStream, IServerStreamWriter<ChatResponse> responseStream, ServerCallContext context)
        {
            var stream = new ScriptedStream(responseStream, context.RequestHeaders);
            await using var gone = context.CancellationToken.UnsafeRegister(_ => stream.Leave(), null);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
            var reading = ReadAsync(requestStream, stream, over.Token);
            try
            {
                await chat.streams.Writer.WriteAsync(stream, over.Token);
                await Task.WhenAny(stream.Ended, stream.Gone);
                if (stream.Ended.IsCompleted)
                {
                    await stream.Ended;
                }
            }
            finally
            {
                await over.CancelAsync();
                await reading;
            }
        }

        public override Task<ListRoomsResponse> ListRooms(ListRoomsRequest request, ServerCallContext context) =>
            Task.FromResult(chat.Rooms(request));

        private static async Task ReadAsync(IAsyncStreamReader<ChatRequest> requests, ScriptedStream stream, CancellationToken over)
        {
            try
            {
                while (await requests.MoveNext(over))
                {
                    await stream.ReadAsync(requests.Current, over);
                }
            }
            catch (Exception error) when (ChatCall.IsEndOfStream(error))
            {
                stream.Leave();
            }
        }
    }
}

/// <summary>One stream of a <see cref="ScriptedChat"/>.</summary>
internal sealed class ScriptedStream(IServerStreamWriter<ChatResponse> responses, Metadata headers)
{
    // What the test has not taken; beyond that, the service does not read, and the client waits.
    private readonly Channel<ChatRequest> requests = Channel.CreateBounded<ChatRequest>(1000);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Metadata Headers { get; } = headers;

    public List<ChatRequest> Requests { get; } = [];

    public IEnumerable<Send> Sends => Requests.SelectMany(request => request.Sends);

    public IEnumerable<Join> Joins => Requests.SelectMany(request => request.Joins);

    public IEnumerable<Leave> Leaves => Requests.SelectMany(request => request.Leaves);

    public IEnumerable<string> Texts => Sends.Select(send => send.Text);

    public Task Ended => ended.Task;

    /// <summary>The client has dropped it.</summary>
    public Task Gone => gone.Task;

    public ValueTask ReadAsync(ChatRequest request, CancellationToken over) => requests.Writer.WriteAsync(request, over);

    public void Leave() => gone.TrySetResult();

    public Task SayAsync(ChatResponse response) => responses.WriteAsync(response).WaitAsync(ChatCall.Deadline);

    /// <summary>Takes requests until what was taken satisfies the test.</summary>
    public async Task UntilAsync(Func<ScriptedStream, bool> satisfied)
    {
        while (!satisfied(this))
        {
            Requests.Add(await requests.Reader.ReadAsync().AsTask().WaitAsync(ChatCall.Deadline));
        }
    }

    /// <summary>Takes requests until this room is to be joined, and answers that; returns what was asked.</summary>
    public async Task<Join> JoinedAsync(string room, long after, long head, string logId = "log", Resume resume = Resume.Complete)
    {
        var before = Joins.Count(join => join.Room == room);
        await UntilAsync(stream => stream.Joins.Count(join => join.Room == room) > before);
        await SayAsync(Scripted.Joined(room, after, head, logId, resume));
        return Joins.Last(join => join.Room == room);
    }

    /// <summary>
    /// Acks what was taken and not acked by this before, each with its place on this stream as its id.
    /// </summary>
    public Task AckAsync(params IEnumerable<Send> sends) =>
        SayAsync(new ChatResponse { Acks = { sends.Select((send, n) => new Ack { Room = send.Room, ClientOffset = send.ClientOffset, Id = n + 1 }) } });

    public void End() => ended.TrySetResult();

    public void Fail(StatusCode code, string reason = "", TimeSpan? retryAfter = null) =>
        ended.TrySetException(Scripted.Error(code, reason, retryAfter));
}

/// <summary>Frames and statuses.</summary>
internal static class Scripted
{
    public static Heartbeat Beat(double seconds) => new() { Interval = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)) };

    public static ChatResponse Joined(
        string room, long after, long head, string logId = "log", Resume resume = Resume.Complete) => new()
        {
            Joined = { new Joined { Room = room, LogId = logId, AfterId = after, OldestId = 1, HeadId = head, Resume = resume } },
        };

    public static ChatResponse Messages(string room, params IEnumerable<long> ids) => new()
    {
        Messages = { ids.Select(id => new Message { Room = room, Id = id, Sender = "bob", Text = $"text {id}", ClientOffset = $"k-{id}" }) },
    };

    public static ChatResponse GoAway(
        GoAway.Types.Why why, bool reconnect = true, double after = 0, string detail = "because") => new()
        {
            GoAway = new GoAway
            {
                Why = why,
                Reconnect = reconnect,
                ReconnectAfter = Duration.FromTimeSpan(TimeSpan.FromSeconds(after)),
                Detail = detail,
            },
        };

    public static RpcException Error(StatusCode code, string reason = "", TimeSpan? retryAfter = null)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = "said so" };
        if (reason.Length > 0)
        {
            status.Details.Add(Any.Pack(new Google.Rpc.ErrorInfo { Reason = reason, Domain = ChatError.Domain }));
        }

        if (retryAfter is { } delay)
        {
            status.Details.Add(Any.Pack(new Google.Rpc.RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        }

        using var bytes = new MemoryStream();
        using (var output = new Google.Protobuf.CodedOutputStream(bytes, leaveOpen: true))
        {
            status.WriteTo(output);
        }

        return new RpcException(
            new Status(code, "said so"), new Metadata { { ChatError.DetailsKey, bytes.ToArray() } });
    }
}
