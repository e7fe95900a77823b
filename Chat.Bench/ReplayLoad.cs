using System.Diagnostics;

namespace Chat.Bench;

/// <summary>A room is filled, the server warmed, and then one client resumes from 0.</summary>
internal sealed class ReplayLoad(int messages)
{
    private const string Room = "replay";
    private const int SenderCount = 8;

    public async Task<Report> RunAsync(ServiceProcess service)
    {
        await Task.WhenAll(Enumerable.Range(0, SenderCount).Select(n =>
        {
            var share = (messages / SenderCount) + (n < messages % SenderCount ? 1 : 0);
            return new Sender(service.Address, $"sender-{n}", Room, inFlight: 256).RunAsync(share, CancellationToken.None);
        }));

        // Warm: the code has been compiled and the pools have been filled by a first replay.
        await new Receiver(service.Address, "warm-up", Room).CatchUpAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));

        var (memory, cpu) = (service.Usage.Resident, service.Usage.Cpu);
        var ownCpu = new ProcessUsage(Environment.ProcessId).Cpu;
        var began = Stopwatch.GetTimestamp();
        var receiver = new Receiver(service.Address, "resumer", Room);
        var replay = receiver.CatchUpAsync();
        var peak = memory;
        while (!replay.IsCompleted)
        {
            peak = Math.Max(peak, service.Usage.Resident);
            await Task.WhenAny(replay, Task.Delay(10));
        }

        await replay;
        var took = Stopwatch.GetElapsedTime(began);
        return new Report($"replay: one client resumes from 0 over {messages:N0} messages")
        {
            Failure = receiver.LastId == messages ? null : $"{messages} were stored, and {receiver.LastId} came",
        }
            .Add("messages/s", $"{messages / took.TotalSeconds:N0}")
            .Add("server memory before", $"{memory / 1024 / 1024:N0} MiB")
            .Add("server memory growth", $"{(peak - memory) / 1024.0 / 1024:N1} MiB")
            .Add("server CPU per message", $"{(service.Usage.Cpu - cpu).TotalMicroseconds / messages:N2} µs")
            .Add("this load generator's CPU", $"{(new ProcessUsage(Environment.ProcessId).Cpu - ownCpu) / took:P0} of a core");
    }
}
