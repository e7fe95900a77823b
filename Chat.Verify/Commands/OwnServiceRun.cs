using System.Diagnostics;
using GrpcChat.Verify.Faults;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Load;
using GrpcChat.Verify.Reporting;

namespace GrpcChat.Verify.Commands;

/// <summary>A run with a service of its own, which it breaks.</summary>
internal static class OwnServiceRun
{
    // A message with its client offset and the indexes over both, and the write-ahead log.
    private const long BytesPerMessage = 800;
    private const long LeastBytes = 192 << 20;

    public static IReadOnlyList<FaultKind> AllFaults { get; } = Enum.GetValues<FaultKind>();

    /// <summary>The faults that a text names; null if it names another one.</summary>
    public static IReadOnlyList<FaultKind>? ParseFaults(string text)
    {
        if (text == "none")
        {
            return [];
        }

        var names = text.Split(',', StringSplitOptions.TrimEntries);
        var kinds = AllFaults.Where(kind => names.Contains(EventText.NameOf(kind))).ToList();
        return kinds.Count == names.Distinct().Count() ? kinds : null;
    }

    /// <summary>Runs; returns the faults that were possible here.</summary>
    public static async Task<(LoadRun Run, IReadOnlyList<FaultKind> Faults)> RunAsync(
        LoadOptions options, string program, IReadOnlyList<FaultKind> kinds, CancellationToken stopping)
    {
        var data = Directory.CreateTempSubdirectory("chat-verify-");
        SmallDisk? disk = null;
        try
        {
            if (kinds.Contains(FaultKind.DiskFull))
            {
                disk = await SmallDisk.TryMountAsync(
                    data.FullName, LeastBytes + (BytesPerMessage * options.Rate * (long)options.Duration.TotalSeconds));
                if (disk is null)
                {
                    VerifyCommand.Say("disk-full is left out: mounting a file system that can be filled up needs the rights of root");
                    kinds = [.. kinds.Where(kind => kind != FaultKind.DiskFull)];
                }
            }

            var log = Path.Combine(data.FullName, "log");
            await using var service = await OwnService.StartAsync(program, log);
            var run = new LoadRun(options with { Addresses = [service.Address] });
            var faults = new FaultRunner(service, disk, new FaultPlan(options.Seed, kinds), VerifyCommand.Say);
            try
            {
                await run.RunAsync(kinds.Count > 0 ? faults.RunAsync : null, stopping);
            }
            catch (ServiceUnreachableException error)
            {
                // What a fault left behind is the evidence.
                throw new ServiceUnreachableException($"{error.Message}; {await KeepAsync(log)}", error);
            }

            if (service.ExitCode != 0)
            {
                VerifyCommand.Say($"the service ended with {service.ExitCode} when it was asked to stop");
            }

            return (run, kinds);
        }
        finally
        {
            await (disk?.DisposeAsync() ?? ValueTask.CompletedTask);
            data.Delete(recursive: true);
        }
    }

    // Elsewhere: the small disk goes with the run. A killed service leaves a socket behind, which is no file that File.Copy takes.
    private static async Task<string> KeepAsync(string log)
    {
        var kept = Directory.CreateTempSubdirectory("chat-verify-log-").FullName;
        using var copy = Process.Start("cp", ["-R", $"{log}/.", kept]);
        await copy.WaitForExitAsync();
        return copy.ExitCode == 0 ? $"its log is kept in {kept}" : $"its log could not be copied to {kept}";
    }
}
