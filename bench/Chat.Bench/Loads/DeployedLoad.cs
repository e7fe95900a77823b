using System.Diagnostics;
using System.Globalization;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>The load for a service that is already running.</summary>
internal sealed record DeployedLoadSetup(Uri Address)
{
    public int Senders { get; init; } = 8;

    public int InFlight { get; init; } = 64;

    /// <summary>Sends per second over all senders; null = as many as <see cref="InFlight"/> permits.</summary>
    public double? Rate { get; init; }

    /// <summary>Divided evenly among the rooms.</summary>
    public int Receivers { get; init; } = 8;

    /// <summary>New rooms; at most one per sender.</summary>
    public int Rooms { get; init; } = 1;

    public int Seconds { get; init; } = 10;

    /// <summary>The beginning of user names; a letter and a number follow.</summary>
    public string UserPrefix { get; init; } = "bench";

    /// <summary>Bearer token; null = clients send a user name.</summary>
    public string? Token { get; init; }
}

/// <summary>
/// Loads a service that this program did not start. It uses new rooms, so that it disturbs no others, prints figures
/// every second, and checks that every message arrives.
/// </summary>
internal sealed class DeployedLoad(DeployedLoadSetup setup, TextWriter output)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Latencies latencies = new();
    private readonly List<string> rooms = RoomNames(setup.Rooms);

    /// <summary>Returns what did not arrive; null = everything did.</summary>
    /// <param name="stop">Ends the load early; messages already sent are still awaited.</param>
    public async Task<string?> RunAsync(CancellationToken stop)
    {
        await using var crowd = new Crowd();
        for (var n = 0; n < setup.Receivers; n++)
        {
            var client = await ConnectAsync($"{setup.UserPrefix}-r{n}", n, reads: true);
            crowd.Add(client, new Receiver(inOrder: true, latencies: setup.Rate is null ? null : latencies));
        }

        for (var n = 0; n < setup.Senders; n++)
        {
            var client = await ConnectAsync($"{setup.UserPrefix}-s{n}", n, reads: false);
            crowd.AddSender(client, setup.InFlight, setup.Rate is null || setup.Receivers == 0 ? latencies : null);
        }

        await output.WriteLineAsync(
            $"{setup.Senders} senders and {setup.Receivers} receivers are connected to {setup.Address}; "
            + $"the messages remain there, in {(rooms.Count == 1 ? "room" : "rooms")} {string.Join(", ", rooms)}.");
        await using var traffic = Traffic.Start(crowd, setup.Rate);
        await LoadAsync(crowd, stop);
        latencies.End();
        await traffic.StopAsync(Deadline, CancellationToken.None);
        var failure = await crowd.ArriveAsync(receiver => AckedIn(crowd, receiver % rooms.Count), Deadline, CancellationToken.None);
        if (failure is null)
        {
            await output.WriteLineAsync(
                Text($"all {crowd.Acked:N0} messages were acked, and every receiver of their room got them in order"));
        }

        return failure;
    }

    private async Task LoadAsync(Crowd crowd, CancellationToken stop)
    {
        var latency = setup.Rate is null || setup.Receivers == 0 ? "ack" : "delivery";
        var (began, cpu) = (Stopwatch.GetTimestamp(), new ProcessUsage(Environment.ProcessId).Cpu);
        var (before, acked, delivered) = (began, crowd.Acked, crowd.Delivered);
        var (ackedAtFirst, deliveredAtFirst) = (acked, delivered);
        latencies.Begin();
        for (var second = 1; second <= setup.Seconds && !stop.IsCancellationRequested; second++)
        {
            await PassAsync(crowd, (Tick * second) - Stopwatch.GetElapsedTime(began), stop);
            var (now, seconds) = (Stopwatch.GetTimestamp(), Stopwatch.GetElapsedTime(before).TotalSeconds);
            var (p50, p99) = latencies.Take();
            await output.WriteLineAsync(Text(
                $"{second,4} s {(crowd.Acked - acked) / seconds,12:N0} acked/s {(crowd.Delivered - delivered) / seconds,12:N0} deliveries/s   {latency} p50 {p50:N2} ms, p99 {p99:N2} ms"));
            (before, acked, delivered) = (now, crowd.Acked, crowd.Delivered);
        }

        var took = Stopwatch.GetElapsedTime(began);
        var own = (new ProcessUsage(Environment.ProcessId).Cpu - cpu) / took;
        await output.WriteLineAsync(Text(
            $"""
            in {took.TotalSeconds:N1} s
              {Figures.AckedPerSecond,-28} {(crowd.Acked - ackedAtFirst) / took.TotalSeconds,12:N0}
              {Figures.DeliveriesPerSecond,-28} {(crowd.Delivered - deliveredAtFirst) / took.TotalSeconds,12:N0}
              {latency + " p50 (ms)",-28} {latencies.Percentile(50),12:N2}
              {latency + " p90 (ms)",-28} {latencies.Percentile(90),12:N2}
              {latency + " p99 (ms)",-28} {latencies.Percentile(99),12:N2}
              {latency + " max (ms)",-28} {latencies.Max,12:N2}
              {Figures.GeneratorCpu,-28} {own,12:N2}
            """));
    }

    private static async Task PassAsync(Crowd crowd, TimeSpan time, CancellationToken stop)
    {
        try
        {
            await crowd.PassAsync(time > TimeSpan.Zero ? time : TimeSpan.Zero, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task<IPeerClient> ConnectAsync(string user, int number, bool reads) =>
        await GrpcClient.ConnectAsync(
            setup.Address, new ClientSetup(user) { Room = rooms[number % rooms.Count], Reads = reads }, setup.Token);

    private long AckedIn(Crowd crowd, int room) => crowd.Senders.Where((_, n) => n % rooms.Count == room).Sum(sender => sender.Acked);

    private static List<string> RoomNames(int count)
    {
        const int Suffix = 8;
        var run = Guid.NewGuid().ToString("N")[..Suffix];
        return [.. Enumerable.Range(0, count).Select(n => count == 1 ? $"bench-{run}" : $"bench-{run}-{n}")];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
