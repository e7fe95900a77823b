using System.Diagnostics;

namespace Chat.Bench;

/// <summary>Senders that keep sends in flight and receivers that follow, in one room.</summary>
internal sealed class IngestLoad(int senderCount, int inFlight, int receiverCount, int seconds)
{
    private const string Room = "ingest";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public async Task<Report> RunAsync(ServiceProcess service)
    {
        using var stopSending = new CancellationTokenSource();
        using var stopReading = new CancellationTokenSource();
        var receivers = Enumerable.Range(0, receiverCount).Select(n => new Receiver(service.Address, $"receiver-{n}", Room)).ToList();
        var joined = receivers.ConvertAll(_ => new TaskCompletionSource());
        var reading = receivers.Zip(joined, (receiver, signal) => receiver.FollowAsync(signal, stopReading.Token)).ToList();
        await Task.WhenAll(joined.Select(signal => signal.Task)).WaitAsync(Deadline);

        var senders = Enumerable.Range(0, senderCount)
            .Select(n => new Sender(service.Address, $"sender-{n}", Room, inFlight)).ToList();
        var sending = senders.ConvertAll(sender => sender.RunAsync(long.MaxValue, stopSending.Token));
        await Task.Delay(WarmUp);

        senders.ForEach(sender => sender.IsMeasured = true);
        var (before, began) = (Sample(service, senders, receivers), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var (after, took) = (Sample(service, senders, receivers), Stopwatch.GetElapsedTime(began));
        senders.ForEach(sender => sender.IsMeasured = false);

        await stopSending.CancelAsync();
        await Task.WhenAll(sending).WaitAsync(Deadline);
        var acked = senders.Sum(sender => sender.Acked);
        var limit = Stopwatch.StartNew();
        while (receivers.Exists(receiver => receiver.LastId < acked) && limit.Elapsed < Deadline)
        {
            await Task.Delay(10);
        }

        await stopReading.CancelAsync();
        await Task.WhenAll(reading);
        var latencies = senders.SelectMany(sender => sender.Latencies).Order().ToList();
        var (sends, deliveries) = (after.Acked - before.Acked, after.Delivered - before.Delivered);
        return new Report($"ingest: {senderCount} senders × {inFlight} in flight, {receiverCount} receivers, {seconds} s")
        {
            Failure = receivers.Find(receiver => receiver.LastId != acked) is { } short_
                ? $"{acked} were acked, and a receiver has {short_.LastId}"
                : null,
        }
            .Add("acked sends/s", $"{sends / took.TotalSeconds:N0}")
            .Add("deliveries/s", $"{deliveries / took.TotalSeconds:N0}")
            .Add("ack latency p50", $"{Milliseconds(latencies, 0.50):N2} ms")
            .Add("ack latency p99", $"{Milliseconds(latencies, 0.99):N2} ms")
            .Add("server CPU", $"{(after.ServerCpu - before.ServerCpu) / took:P0} of a core")
            .Add("server CPU per send", $"{(after.ServerCpu - before.ServerCpu).TotalMicroseconds / sends:N1} µs")
            .Add("server memory", $"{service.Usage.Resident / 1024 / 1024:N0} MiB")
            .Add("this load generator's CPU", $"{(after.OwnCpu - before.OwnCpu) / took:P0} of a core");
    }

    private static (long Acked, long Delivered, TimeSpan ServerCpu, TimeSpan OwnCpu) Sample(
        ServiceProcess service,
        List<Sender> senders,
        List<Receiver> receivers) =>
        (senders.Sum(sender => sender.Acked),
            receivers.Sum(receiver => receiver.LastId),
            service.Usage.Cpu,
            new ProcessUsage(Environment.ProcessId).Cpu);

    private static double Milliseconds(List<long> ordered, double share) =>
        ordered.Count == 0 ? double.NaN : ordered[(int)(share * (ordered.Count - 1))] * 1000.0 / Stopwatch.Frequency;
}
