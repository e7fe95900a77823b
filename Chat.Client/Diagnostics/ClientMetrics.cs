using System.Diagnostics.Metrics;

namespace GrpcChat.Client;

/// <summary>
/// The client's metrics. Names and units follow OpenTelemetry's semantic conventions for messaging where they have one:
/// https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
/// </summary>
internal static class ClientMetrics
{
    private static readonly Meter Meter = new(ClientDiagnostics.Name);
    private static long outboxMessages;

    // Required by the conventions with each measurement under their names.
    public static readonly KeyValuePair<string, object?> System = new("messaging.system", "grpcchat");
    public static readonly KeyValuePair<string, object?> Send = new("messaging.operation.name", "send");
    public static readonly KeyValuePair<string, object?> Receive = new("messaging.operation.name", "receive");

    public static readonly Counter<long> Sent = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Messages that the service has stored.");

    public static readonly Counter<long> Consumed = Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Messages that the application has received.");

    public static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "chat.client.refused.messages", "{message}", "Messages that the service has refused.");

    public static readonly Counter<long> Reconnects = Meter.CreateCounter<long>(
        "chat.client.reconnects", "{attempt}", "Connections and attempts to connect that failed and were repeated.");

    public static readonly Counter<long> WrongIds = Meter.CreateCounter<long>(
        "chat.client.wrong_ids",
        "{message}",
        "Ids that were not the next one of their room. Such a message is not delivered.");

    // Observed, because a listener's callback must not run under the lock of an outbox.
    public static readonly ObservableUpDownCounter<long> OutboxMessages = Meter.CreateObservableUpDownCounter(
        "chat.client.outbox.messages",
        () => Interlocked.Read(ref outboxMessages),
        "{message}",
        "Messages without an answer.");

    public static void AddToOutboxes(int count) => Interlocked.Add(ref outboxMessages, count);
}
