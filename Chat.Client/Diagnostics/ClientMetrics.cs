using System.Diagnostics.Metrics;

namespace Chat.Client;

/// <summary>
/// What the client counts. Names and units are those of OpenTelemetry's semantic conventions for messaging, where they have
/// one: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
/// </summary>
internal static class ClientMetrics
{
    private static readonly Meter Meter = new(ClientDiagnostics.Name);

    // What the conventions want with each measurement under their names.
    public static readonly KeyValuePair<string, object?> System = new("messaging.system", "grpcchat");
    public static readonly KeyValuePair<string, object?> Send = new("messaging.operation.name", "send");
    public static readonly KeyValuePair<string, object?> Receive = new("messaging.operation.name", "receive");

    public static readonly Counter<long> Sent = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Messages that the service has stored.");

    public static readonly Counter<long> Consumed = Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Messages handed to the application.");

    public static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "chat.client.refused.messages", "{message}", "Messages that the service has refused.");

    public static readonly Counter<long> Reconnects = Meter.CreateCounter<long>(
        "chat.client.reconnects", "{attempt}", "Streams and attempts that ended to be made again.");

    public static readonly Counter<long> WrongIds = Meter.CreateCounter<long>(
        "chat.client.wrong_ids", "{message}", "Ids that were not the next one of their room; such a message is not handed on.");

    public static readonly UpDownCounter<long> OutboxMessages = Meter.CreateUpDownCounter<long>(
        "chat.client.outbox.messages", "{message}", "Messages without an answer.");
}
