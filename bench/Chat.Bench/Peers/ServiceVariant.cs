namespace GrpcChat.Bench.Peers;

/// <summary>What a service that is measured is started with, beside its defaults.</summary>
/// <param name="Tokens">Every call carries a token, which the service checks.</param>
/// <param name="Telemetry">
/// Metrics and spans go to a collector in this process, and the metrics page is read every second.
/// </param>
internal sealed record ServiceVariant(bool Tokens, bool Telemetry)
{
    public static ServiceVariant Default { get; } = new(Tokens: false, Telemetry: false);
}
