using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Senders and receivers in one room: they run for a warm-up and are then measured for some time.</summary>
/// <param name="Senders">How many send.</param>
/// <param name="InFlight">Sends of each that may be unacked at once.</param>
/// <param name="Receivers">How many follow the room.</param>
/// <param name="WarmUp">The time before the measurement.</param>
/// <param name="Length">The time of the measurement.</param>
internal sealed record RoomTraffic(int Senders, int InFlight, int Receivers, TimeSpan WarmUp, TimeSpan Length)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Sends per second over all senders: latencies are then those of deliveries. Null = each sender keeps as many in
    /// flight as it may: latencies are then those of acks.
    /// </summary>
    public double? PerSecond { get; init; }

    /// <summary>
    /// Returns when everything that was sent has arrived, or <see cref="MeasuredTraffic.Failure"/> says what has not.
    /// </summary>
    /// <param name="server">Runs already.</param>
    /// <param name="inOrder">Whether the peer promises an order.</param>
    /// <param name="after">The id of the room's newest message; null = the database is new.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<MeasuredTraffic> RunAsync(IPeerServer server, bool inOrder, long? after, CancellationToken stop)
    {
        var latencies = new Latencies();
        await using var crowd = new Crowd();
        await crowd.AddReceiversAsync(server, Receivers, inOrder, PerSecond is null ? null : latencies, after);
        await crowd.AddSendersAsync(server, Senders, InFlight, PerSecond is null ? latencies : null);
        await using var traffic = Traffic.Start(crowd, PerSecond);
        await crowd.PassAsync(WarmUp, stop);

        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var (acked, delivered) = (crowd.Acked, crowd.Delivered);
        latencies.Begin();
        await crowd.PassAsync(Length, stop);
        (acked, delivered) = (crowd.Acked - acked, crowd.Delivered - delivered);
        await measured.EndAsync();
        latencies.End();

        // Latencies are complete only when everything has arrived: what is late counts, too.
        await traffic.StopAsync(Deadline, stop);
        return new MeasuredTraffic(measured, latencies, acked, delivered)
        {
            AckedInAll = crowd.Acked,
            Failure = await crowd.ArriveAsync(crowd.Acked, Deadline, stop),
            OutOfOrder = crowd.Receivers.Sum(receiver => receiver.OutOfOrder),
        };
    }
}

/// <summary>What the measurement of a <see cref="RoomTraffic"/> has shown.</summary>
/// <param name="Usage">Of the server and of the load generator.</param>
/// <param name="Latencies">Of acks or of deliveries.</param>
/// <param name="Acked">Acks during the measurement.</param>
/// <param name="Delivered">Deliveries during the measurement.</param>
internal sealed record MeasuredTraffic(Measurement Usage, Latencies Latencies, long Acked, long Delivered)
{
    /// <summary>Acks with those of the warm-up.</summary>
    public long AckedInAll { get; init; }

    public long OutOfOrder { get; init; }

    /// <summary>What did not arrive; null = everything did.</summary>
    public string? Failure { get; init; }
}
