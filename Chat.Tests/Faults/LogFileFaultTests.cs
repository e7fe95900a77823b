using System.Diagnostics;
using System.Net;
using Grpc.Core;
using GrpcChat.Tests.Service;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>The real process on files that are taken away from it, or that may not grow.</summary>
[Trait("Log", "sqlite")]
public sealed class LogFileFaultTests : IDisposable
{
    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_log_that_is_deleted_under_the_service_ends_it_and_does_not_become_an_empty_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is asked which file a path leads to.");
        await using (var service = await ServiceProcess.StartAsync(data.Path))
        {
            using var channel = service.OpenChannel();
            await SendAsync(channel, "1");
            foreach (var file in Directory.GetFiles(data.Path, "chat.db*"))
            {
                File.Delete(file);
            }

            var error = await Assert.ThrowsAsync<RpcException>(() => SendAsync(channel, "2"));
            Assert.Equal(StatusCode.Unavailable, error.StatusCode);
            var (exitCode, errors) = await service.EndAsync();
            Assert.Equal(5, exitCode);
            Assert.Contains("chat.db was deleted, moved or replaced while the service was running", errors, StringComparison.Ordinal);
        }

        var (code, _, line) = await ServiceProcess.RunAsync(["--data", data.Path, "--listen", "127.0.0.1:0"]);
        Assert.Equal(4, code);
        Assert.Contains("chat.db is missing", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loss_that_the_operator_accepts_starts_the_service_and_clients_are_told_RESET()
    {
        string logId;
        await using (var before = await ServiceProcess.StartAsync(data.Path))
        {
            using var channel = before.OpenChannel();
            await SendAsync(channel, "1");
            await using var reader = new ChatCall(channel, "user", "reader");
            await reader.UntilAsync(call => call.Messages.Count == 1);
            logId = reader.Joined[0].LogId;
            Assert.Equal(0, (await before.TerminateAsync()).ExitCode);
        }

        File.Delete(Path.Combine(data.Path, "chat.db.witness"));
        string[] start = ["--data", data.Path, "--listen", "127.0.0.1:0"];
        var (code, _, line) = await ServiceProcess.RunAsync(start);
        Assert.Equal(4, code);
        Assert.Contains("--accept-data-loss true", line, StringComparison.Ordinal);

        await using var service = await ServiceProcess.StartAsync(data.Path, arguments: ["--accept-data-loss", "true"]);
        using var again = service.OpenChannel();
        await using var back = new ChatCall(again, "user", "reader", "last-seen-id", "1", "log-id", logId);
        await back.UntilAsync(call => call.Messages.Count == 1);
        Assert.Equal(Resume.Reset, back.Joined[0].Resume);
    }

    [Fact]
    public async Task A_file_that_may_not_grow_is_a_full_disk_until_it_may()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses prlimit.");
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "127.0.0.1:0");

        // Not from the start: the runtime itself begins with a large file.
        await LimitFilesAsync(service, "4000000:unlimited");
        using var channel = service.OpenChannel();
        var sent = 0;
        RpcException? refused = null;
        while (refused is null)
        {
            try
            {
                await SendAsync(channel, $"{sent}", new string('x', 16_000));
                sent++;
            }
            catch (RpcException error)
            {
                refused = error;
            }
        }

        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        var (status, body) = await service.GetAsync("/healthz/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("RLIMIT_FSIZE", body, StringComparison.Ordinal);

        await LimitFilesAsync(service, "unlimited");
        var deadline = Stopwatch.StartNew();
        while ((await service.GetAsync("/healthz/ready")).Status != HttpStatusCode.OK)
        {
            Assert.True(deadline.Elapsed < ChatCall.Deadline);
            await Task.Delay(50);
        }

        await SendAsync(channel, $"{sent}", new string('x', 16_000));
        await using var reader = new ChatCall(channel, "user", "reader");
        await reader.UntilAsync(call => call.Messages.Count == sent + 1);
        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
    }

    private static async Task LimitFilesAsync(ServiceProcess service, string bytes)
    {
        using var prlimit = Process.Start("prlimit", ["--pid", $"{service.Id}", $"--fsize={bytes}"]);
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
    }

    private static async Task SendAsync(ChannelBase channel, string offset, string text = "text") =>
        await new ChatService.ChatServiceClient(channel).SendMessageAsync(
            new SendMessageRequest { Send = new Send { Room = "lobby", ClientOffset = offset, Text = text } },
            deadline: DateTime.UtcNow + ChatCall.Deadline);
}
