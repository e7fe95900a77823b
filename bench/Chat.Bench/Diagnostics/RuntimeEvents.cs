using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace Chat.Bench.Diagnostics;

/// <summary>Listens to the events of another .NET process's runtime, on a task of its own, until it is disposed.</summary>
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

    /// <summary>Returns when the process sends its events.</summary>
    /// <param name="processId">A process of this user.</param>
    /// <param name="keywords">Which events, by <see cref="ClrTraceEventParser.Keywords"/>.</param>
    /// <param name="level">How many of them.</param>
    /// <param name="listen">Subscribes to those that are wanted; they come on another thread, a little later.</param>
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

    /// <summary>Ends the session; everything that happened before has been told when it returns.</summary>
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
