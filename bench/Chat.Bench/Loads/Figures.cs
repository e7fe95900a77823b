namespace GrpcChat.Bench.Loads;

/// <summary>The names of figures and series, with units, as tables show them.</summary>
internal static class Figures
{
    public const string AckedPerSecond = "acked sends/s";
    public const string DeliveriesPerSecond = "deliveries/s";
    public const string MessagesPerSecond = "messages/s";

    /// <summary>Of limit-sqlite.</summary>
    public const string RowsPerSecond = "rows/s";

    /// <summary>Of limit-scan.</summary>
    public const string ScannedPerSecond = "rows/s through the data reader";

    /// <summary>Of limit-fsync.</summary>
    public const string SyncP50 = "sync p50 (ms)";

    public const string AckP50 = "ack p50 (ms)";
    public const string AckP90 = "ack p90 (ms)";
    public const string AckP99 = "ack p99 (ms)";

    public const string DeliveryP50 = "delivery p50 (ms)";
    public const string DeliveryP90 = "delivery p90 (ms)";
    public const string DeliveryP99 = "delivery p99 (ms)";
    public const string DeliveryP999 = "delivery p99.9 (ms)";
    public const string DeliveryMax = "delivery max (ms)";

    /// <summary>Messages that arrived after one with a greater id; only for peers that promise no order.</summary>
    public const string OutOfOrder = "deliveries out of order";

    public const string ServerCpu = "server CPU (cores)";
    public const string ServerCpuPerSend = "server CPU per send (µs)";
    public const string ServerCpuPerDelivery = "server CPU per delivery (µs)";
    public const string ServerCpuPerMessage = "server CPU per message (µs)";
    public const string WrittenPerSend = "written to files per send (KiB)";
    public const string ServerMemory = "server memory (MiB)";
    public const string ServerMemoryGrowth = "server memory growth (MiB)";
    public const string GeneratorCpu = "load generator CPU (cores)";
}
