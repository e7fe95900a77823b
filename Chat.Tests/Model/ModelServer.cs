using Grpc.Net.Client;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// The real server with the model's limits. Its clock does not move, so the minute of a limit never ends.
/// </summary>
internal sealed class ModelServer : IAsyncDisposable
{
    // Several connections, so that parallel sequences do not wait for one.
    private const int Connections = 4;

    private readonly ChatServer server;
    private readonly GrpcChannel[] channels;
    private int nextChannel;

    private ModelServer(ChatServer server, ModelLimits limits)
    {
        this.server = server;
        Limits = limits;
        channels = [.. Enumerable.Range(0, Connections).Select(_ => server.OpenChannel())];
    }

    public ModelLimits Limits { get; }

    public Tally Tally { get; } = new();

    public string LogId => server.Log.LogId;

    /// <summary>
    /// A stream is dropped only after the server has answered what was sent on it last. Otherwise chance decides
    /// whether those sends are stored, and a sequence that shows a fault need not show it again.
    /// </summary>
    public bool AnswersWhatIsDropped { get; set; }

    /// <summary>Changes requests on their way to the server, to make the server look wrong.</summary>
    public Func<ChatRequest, IEnumerable<ChatRequest>> OnTheWay { get; set; } = request => [request];

    /// <param name="limits">The model's limits, and the server's.</param>
    /// <param name="openLog">Opens the log in place of the service.</param>
    /// <param name="set">Changes options of the server without changing the model's limits.</param>
    public static async Task<ModelServer> StartAsync(
        ModelLimits? limits = null,
        Func<string, ModelLimits, IMessageLog>? openLog = null,
        Action<ChatOptions>? set = null)
    {
        limits ??= new ModelLimits();
        var server = await ChatServer.StartAsync(
            set: options =>
            {
                limits.Set(options);

                // What a connection may send without content would never be renewed either.
                options.MaxControlFramesPerSecond = 1_000_000;
                set?.Invoke(options);
            },
            openLog: openLog is null ? null : data => openLog(data, limits),
            time: new ManualTime());
        return new ModelServer(server, limits);
    }

    /// <summary>A connection, shared by sequences.</summary>
    public GrpcChannel NextChannel() => channels[(uint)Interlocked.Increment(ref nextChannel) % Connections];

    /// <summary>The server is wrong on purpose and may log errors.</summary>
    public void ExpectErrors() => server.ExpectErrors();

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
