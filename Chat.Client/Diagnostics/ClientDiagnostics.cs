using System.Diagnostics;

namespace GrpcChat.Client;

/// <summary>The names under which the client's metrics and traces appear.</summary>
public static class ClientDiagnostics
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "GrpcChat.Client";

    /// <summary>
    /// <c>send {room}</c>, from the call until the answer, and <c>chat connect</c>, for each attempt; with the tags of
    /// OpenTelemetry's semantic conventions for messaging.
    /// </summary>
    internal static readonly ActivitySource Source = new(Name);

    internal static Activity? StartConnect() => Source.StartActivity("chat connect", ActivityKind.Client);

    internal static Activity? StartSend(string room) => Source.StartActivity($"send {room}", ActivityKind.Producer)
        ?.SetTag("messaging.system", "grpcchat")
        .SetTag("messaging.operation.name", "send")
        .SetTag("messaging.operation.type", "send")
        .SetTag("messaging.destination.name", room);
}
