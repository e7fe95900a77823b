using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.TestSupport;

/// <summary>
/// The real service in this process, on a free port, over real HTTP/2, with a log of its own. An unexpected error in
/// what it logs fails the test.
/// </summary>
internal sealed class ChatServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ErrorCollector errors;
    private readonly TempDirectory? ownDirectory;
    private readonly ConcurrentBag<GrpcChannel> channels = [];
    private readonly ManualTime? manualTime;
    private GrpcChannel? channel;

    private ChatServer(WebApplication app, ErrorCollector errors, TempDirectory? ownDirectory, ManualTime? manualTime)
    {
        this.app = app;
        this.manualTime = manualTime;
        this.errors = errors;
        this.ownDirectory = ownDirectory;
    }

    public Uri Address => new(app.Urls.Single());

    public IMessageLog Log => app.Services.GetRequiredService<IMessageLog>();

    /// <summary>The log of a server that <see cref="StartHookedAsync"/> has started.</summary>
    public HookedLog Hooks => (HookedLog)Log;

    public string LogId => Log.LogId;

    /// <summary>Completes when the service stops, by itself or because it was asked to.</summary>
    public Task Stopped => app.WaitForShutdownAsync();

    /// <summary>Completes when the service has been asked to stop.</summary>
    public Task Stopping
    {
        get
        {
            var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            app.Lifetime.ApplicationStopping.Register(stopping.SetResult);
            return stopping.Task;
        }
    }

    public RoomHub Rooms => app.Services.GetRequiredService<RoomHub>();

    public OpenCalls Calls => app.Services.GetRequiredService<OpenCalls>();

    public ServingState Serving => app.Services.GetRequiredService<ServingState>();

    public ChatMetrics Metrics => app.Services.GetRequiredService<ChatMetrics>();

    /// <summary>Collects what the service measures from now on under a name.</summary>
    /// <typeparam name="T">The type of the instrument's values.</typeparam>
    public MetricCollector<T> Measure<T>(string instrument)
        where T : struct => new(app.Services.GetRequiredService<IMeterFactory>(), ChatMetrics.MeterName, instrument);

    /// <summary>The channel that calls share unless they ask for one of their own.</summary>
    public GrpcChannel Channel => channel ??= OpenChannel();

    /// <param name="set">Changes the options.</param>
    /// <param name="directory">The log's directory, or what stands for its database (see <see cref="TestLog"/>); null = a new one that goes with the server.</param>
    /// <param name="openLog">Opens the log, instead of the service's own way.</param>
    /// <param name="time">The service's clock; null = the system's.</param>
    /// <param name="addServices">Adds what the application around the chat has, such as authentication.</param>
    public static async Task<ChatServer> StartAsync(
        Action<ChatOptions>? set = null,
        string? directory = null,
        Func<string, IMessageLog>? openLog = null,
        TimeProvider? time = null,
        Action<IServiceCollection>? addServices = null)
    {
        var ownDirectory = directory is null ? new TempDirectory() : null;
        var data = directory ?? ownDirectory!.Path;
        var errors = new ErrorCollector();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(errors);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.UseGrpcChatLimits();
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http2;
                listener.UseGrpcChatFloodLimit();
            });
        });
        builder.Services.AddGrpcChatReflection().UseGrpcChatShutdownTimeout().AddGrpcChat(options =>
        {
            options.Data = data;
            options.MaxNewRoomsPerSenderAndMinute = 100_000;
            set?.Invoke(options);
        });
        if (openLog is not null)
        {
            builder.Services.AddSingleton(_ => openLog(data));
        }
        else if (TestLog.DatabaseOf(data) is { } database)
        {
            builder.Services.AddGrpcChatPostgres(database);
        }

        addServices?.Invoke(builder.Services);
        if (time is not null)
        {
            builder.Services.AddSingleton(time);
        }

        var app = builder.Build();
        app.MapGrpcChat();
        app.MapGrpcChatHealth();
        app.MapGrpcChatReflection();
        await app.StartAsync();
        return new ChatServer(app, errors, ownDirectory, time as ManualTime);
    }

    /// <summary>A server whose log waits for <paramref name="gate"/> before each commit.</summary>
    public static Task<ChatServer> StartAsync(ManualResetEventSlim gate) => StartAsync(beforeCommit: _ => gate.Wait());

    /// <summary>
    /// A server whose log calls <paramref name="beforeCommit"/> on the writer's thread before each commit.
    /// </summary>
    public static Task<ChatServer> StartAsync(Action<IReadOnlyList<Append>> beforeCommit, Action<ChatOptions>? set = null) =>
        StartAsync(set, openLog: data => TestLog.Open(data, new LogOptions { BeforeCommit = beforeCommit }));

    /// <summary>A server whose log has places to stand, see <see cref="Hooks"/>.</summary>
    public static Task<ChatServer> StartHookedAsync() => StartAsync(openLog: data => new HookedLog(TestLog.Open(data)));

    public GrpcChannel OpenChannel(Uri? address = null)
    {
        var opened = GrpcChannel.ForAddress(address ?? Address);
        channels.Add(opened);
        return opened;
    }

    /// <summary>Opens a stream. Metadata is given as key, value, key, value, …</summary>
    public ChatCall Open(string user, params string[] metadata) => new(Channel, ["user", user, .. metadata]);

    /// <summary>Opens a stream in a room and waits until its join has been answered.</summary>
    public async Task<ChatCall> JoinAsync(string user, string room = "lobby", params string[] metadata)
    {
        var call = Open(user, ["room", room, .. metadata]);
        await call.UntilAsync(c => c.Joined.Count > 0);
        return call;
    }

    /// <summary>A client for unary calls that <paramref name="user"/> makes.</summary>
    public ChatService.ChatServiceClient Client(string user) =>
        new(Channel.Intercept(metadata =>
        {
            metadata.Add(Ascii.IsValid(user) ? new("user", user) : new("user-bin", Encoding.UTF8.GetBytes(user)));
            return metadata;
        }));

    /// <summary>Sends with one call.</summary>
    public async Task<Ack> SendOnceAsync(string user, string room, string offset, string text) =>
        (await Client(user).SendMessageAsync(new SendMessageRequest
        {
            Send = new Send { Room = room, ClientOffset = offset, Text = text },
        }).ResponseAsync.WaitAsync(ChatCall.Deadline)).Ack;

    /// <summary>Stores so many numbered messages, and returns when they are acked.</summary>
    public async Task FillAsync(string room, int count, int textLength = 0)
    {
        await using var call = Open("filler", "room", "-");
        var padding = new string('x', textLength);
        await call.SendManyAsync(room, Enumerable.Range(1, count).Select(n => ($"fill-{n}", $"{n} {padding}")));
        await call.CompleteAsync();
        await call.ToEndAsync();
        Assert.Equal(count, call.Acks.Count);
    }

    /// <summary>Removes the oldest messages of a room, up to an id.</summary>
    public async Task TrimAsync(string room, long through)
    {
        while ((await Log.TrimAsync(room, through, CancellationToken.None).WaitAsync(ChatCall.Deadline)).Oldest <= through)
        {
        }
    }

    /// <summary>
    /// Waits until a frame is pending that nobody takes: many round trips of another client go by, and nothing moves.
    /// </summary>
    public async Task UntilAFrameIsStuckAsync()
    {
        await using var other = new ChatCall(OpenChannel(), "user", "clock", "room", "-");
        var delivered = -1L;
        for (var (trips, n) = (0, 0); trips < 30; n++)
        {
            await other.SendManyAsync("clock", [($"tick-{n}", "tick")]);
            var moved = delivered != Metrics.MessagesDelivered || Metrics.FramesPending == 0;
            trips = moved ? 0 : trips + 1;
            delivered = Metrics.MessagesDelivered;
        }
    }

    /// <summary>
    /// Waits until no frame is being written. A client can have read a frame a moment before that, and a clock that is
    /// moved on in this moment counts the time of the next heartbeat from the new time.
    /// </summary>
    public async Task UntilNoFrameIsPendingAsync()
    {
        for (var waited = Stopwatch.StartNew(); Metrics.FramesPending > 0; await Task.Delay(5))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, $"{Metrics.FramesPending} frames are pending.");
        }
    }

    /// <summary>Waits until so many streams are open; a stream that its client has dropped is, for a moment.</summary>
    public async Task UntilStreamsAsync(int count)
    {
        for (var waited = Stopwatch.StartNew(); Calls.Count != count; await Task.Delay(5))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, $"{Calls.Count} calls are open instead of {count}.");
        }
    }

    public Task StopAsync() => app.StopAsync();

    /// <summary>What a signal does first: everybody is told, and <see cref="StopAsync"/> comes later.</summary>
    public void AskToStop() => app.Lifetime.StopApplication();

    /// <summary>The test means to provoke an error that the service logs.</summary>
    public void ExpectErrors() => errors.AreExpected = true;

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in channels)
        {
            opened.Dispose();
        }

        var stopping = app.StopAsync();
        while (!stopping.IsCompleted && manualTime is not null)
        {
            manualTime.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(stopping, Task.Delay(5));
        }

        await stopping;
        await app.DisposeAsync();
        ownDirectory?.Dispose();
        errors.Check();
    }

    private sealed class ErrorCollector : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> errors = [];

        public bool AreExpected { get; set; }

        public void Check() => Assert.True(AreExpected || errors.IsEmpty, string.Join("\n", errors));

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                errors.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
