using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace GrpcChat.Bench.Diagnostics;

/// <summary>Receives the runtime events of another .NET process, in a background task, until it is disposed.</summary>
internal sealed class RuntimeEvents : IAsyncDisposable
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";

    private readonly EventPipeSession session;
    private readonly Task reading;

    private RuntimeEvents(EventPipeSession session, Action<ClrTraceEventParser> listen)
    {
        this.session = session;
        reading = Task.Factory.StartNew(() => Read(listen), TaskCreationOptions.LongRunning);
    }

    /// <summary>Returns when the process has started to send events.</summary>
    /// <param name="processId">A process of the same user.</param>
    /// <param name="keywords">Which events, by <see cref="ClrTraceEventParser.Keywords"/>.</param>
    /// <param name="level">Their verbosity.</param>
    /// <param name="listen">Subscribes to events; they are raised on another thread, with a short delay.</param>
    public static async Task<RuntimeEvents> ListenAsync(
        int processId,
        ClrTraceEventParser.Keywords keywords,
        EventLevel level,
        Action<ClrTraceEventParser> listen)
    {
        var provider = new EventPipeProvider(Runtime, level, (long)keywords);
        var session = await new DiagnosticsClient(processId)
            .StartEventPipeSessionAsync([provider], requestRundown: false, circularBufferMB: 16, CancellationToken.None);
        return new RuntimeEvents(session, listen);
    }

    /// <summary>Ends the session; all earlier events have been raised when it returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await session.StopAsync(CancellationToken.None);
        await reading;
        session.Dispose();
    }

    private void Read(Action<ClrTraceEventParser> listen)
    {
        using var source = new EventPipeEventSource(session.EventStream);
        listen(source.Clr);
        source.Process();
    }
}
