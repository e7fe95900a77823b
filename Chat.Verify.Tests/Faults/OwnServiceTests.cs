using GrpcChat.TestSupport;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.Commands;
using GrpcChat.Verify.Faults;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Load;
using Xunit;

namespace GrpcChat.Verify.Tests.Faults;

/// <summary>The real service as a process of its own, broken while clients use it.</summary>
public sealed class OwnServiceTests
{
    private static readonly string Service = Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll");

    [Theory]
    [InlineData("kill")]
    [InlineData("restart")]
    [InlineData("pause")]
    [InlineData("cut")]
    public async Task A_service_that_is_broken_under_load_breaks_no_promise(string fault)
    {
        var kind = Assert.Single(OwnServiceRun.ParseFaults(fault)!);
        using var data = new TempDirectory();
        await using var service = await OwnService.StartAsync(Service, data.Path);
        var run = new LoadRun(new LoadOptions
        {
            Addresses = [service.Address],
            Duration = TimeSpan.FromSeconds(6),
            Rate = 1000,
            Seed = 3,
        });
        var said = new List<string>();

        await run.RunAsync(new FaultRunner(service, null, new FaultPlan(3, [kind]), said.Add).RunAsync, CancellationToken.None);

        Assert.Empty(said);
        Assert.Equal(0, service.ExitCode);
        Assert.Empty(run.Failures);
        Assert.All(Checker.Check(run.Recording), verdict => Assert.True(verdict.IsOk, $"{verdict}"));
        Assert.Contains(All(run.Recording), happened => happened.Kind == EventKind.FaultEnded && happened.Flag == (byte)kind);
        Assert.Contains(All(run.Recording), happened => happened.Kind == EventKind.Unknown || kind == FaultKind.Pause);
    }

    [Fact]
    public async Task A_full_disk_breaks_no_promise_wherever_a_small_disk_can_be_mounted()
    {
        var (run, kinds) = await OwnServiceRun.RunAsync(
            new LoadOptions { Addresses = [], Duration = TimeSpan.FromSeconds(8), Rate = 1000, Seed = 3 },
            Service,
            [FaultKind.DiskFull],
            CancellationToken.None);

        Assert.True(kinds.Count == 1 || !Environment.IsPrivilegedProcess, "Root can mount a file system.");
        Assert.All(Checker.Check(run.Recording), verdict => Assert.True(verdict.IsOk, $"{verdict}"));
        Assert.Equal(kinds, All(run.Recording).Where(happened => happened.Kind == EventKind.FaultEnded).Select(happened => (FaultKind)happened.Flag).Distinct());
    }

    [Fact]
    public async Task A_service_that_ends_by_itself_is_started_again_and_reported()
    {
        using var data = new TempDirectory();
        await using var service = await OwnService.StartAsync(Service, data.Path);
        var said = new List<string>();
        var recording = new Recording();
        using var finishing = new CancellationTokenSource();
        await service.TerminateAsync();
        await finishing.CancelAsync();

        await new FaultRunner(service, null, new FaultPlan(1, [FaultKind.Cut]), said.Add).RunAsync(recording, finishing.Token);

        Assert.Equal(["the service ended by itself, and is started again"], said);
        Assert.False(service.HasEnded);
        Assert.Equal([EventKind.FaultBegan, EventKind.FaultEnded], All(recording).Select(happened => happened.Kind));
    }

    [Fact]
    public async Task A_program_that_is_no_service_is_refused()
    {
        using var data = new TempDirectory();

        var error = await Assert.ThrowsAsync<ServiceUnreachableException>(() => OwnService.StartAsync("/bin/true", data.Path));

        Assert.Contains("'/bin/true' did not start", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_faults()
    {
        FaultKind[] kinds = [FaultKind.Kill, FaultKind.Cut];
        var (one, again, other) = (new FaultPlan(7, kinds), new FaultPlan(7, kinds), new FaultPlan(8, kinds));
        var first = Enumerable.Range(0, 20).Select(_ => one.Next()).ToList();

        Assert.Equal(first, Enumerable.Range(0, 20).Select(_ => again.Next()));
        Assert.NotEqual(first, Enumerable.Range(0, 20).Select(_ => other.Next()));
    }

    private static IEnumerable<HistoryEvent> All(Recording recording) =>
        Enumerable.Range(0, recording.Events.Count).Select(index => recording.Events[index]);
}
