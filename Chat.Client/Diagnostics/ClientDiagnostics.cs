using System.Diagnostics;

namespace Chat.Client;

/// <summary>The names under which the client can be observed.</summary>
public static class ClientDiagnostics
{
    /// <summary>The name of the meter, and of the activity source.</summary>
    public const string Name = "GrpcChat.Client";

    /// <summary>
    /// <c>send {room}</c>, from when a message is given until it is answered, and <c>chat connect</c>, for each attempt; tags as
    /// OpenTelemetry's semantic conventions for messaging have them.
    /// </summary>
    internal static readonly ActivitySource Source = new(Name);
}
