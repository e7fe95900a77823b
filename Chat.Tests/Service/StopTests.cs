using System.Diagnostics;
using GrpcChat.AspNetCore;
using GrpcChat.Bench.Hostile;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>The end of the process after SIGTERM, whatever holds it.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Where_nobody_reads_standard_error_it_serves_all_the_same_and_ends_in_time()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            arguments: ["--drain-limit", "00:00:20"],
            readsErrors: false,
            environment: [("Logging__LogLevel__GrpcChat", "Debug"), ("Logging__LogLevel__Microsoft", "Debug"), ("Logging__LogLevel__Grpc", "Debug")]);

        // How much a pipe takes differs from system to system: until it takes no more.
        string[] fill = ["if=/dev/zero", $"of=/proc/{service.Id}/fd/2", "bs=64", "oflag=nonblock", "status=none"];
        using (var filling = Process.Start(new ProcessStartInfo("dd", fill) { RedirectStandardError = true })!)
        {
            await filling.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        }

        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");

        // Each causes several lines, of which the log's queue holds 2500.
        for (var i = 0; i < 1500; i++)
        {
            await using var call = new ChatCall(channel, "user", "bob", "room", "A B");
            await call.ToEndAsync();
        }

        await ann.SendManyAsync("lobby", [("k", "still here")]);
        var (exitCode, _, took) = await service.TerminateAsync();

        Assert.Single(ann.Acks);
        Assert.Equal(0, exitCode);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task With_thousands_of_stuck_streams_on_a_busy_machine_it_is_gone_at_the_drain_limit()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        var connections = new List<RawHttp2>();
        try
        {
            for (var i = 0; i < 6; i++)
            {
                // Not even the first frame of a stream fits into this window.
                var raw = await RawHttp2.ConnectAsync(service.Address, reads: false, window: 1);
                connections.Add(raw);
                for (var stream = 0; stream < 1000; stream++)
                {
                    raw.AddCall("Chat");
                }

                await raw.FlushAsync();
            }

            // Those before it have been opened.
            using var channel = service.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann");
            await ann.SendManyAsync("lobby", [("k", "x")]);

            using var busy = new BusyMachine();
            var (exitCode, _, took) = await service.TerminateAsync();

            Assert.Equal(0, exitCode);
            Assert.InRange(took, TimeSpan.Zero, new ChatOptions().DrainLimit);
        }
        finally
        {
            foreach (var raw in connections)
            {
                await raw.DisposeAsync();
            }
        }
    }

    /// <summary>Two processes that do nothing, as fast as they can.</summary>
    private sealed class BusyMachine : IDisposable
    {
        private readonly Process[] loops =
            [.. Enumerable.Range(0, 2).Select(_ => Process.Start("sh", ["-c", "while :; do :; done"]))];

        public void Dispose()
        {
            foreach (var loop in loops)
            {
                loop.Kill();
                loop.Dispose();
            }
        }
    }
}
