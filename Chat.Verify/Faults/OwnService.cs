using System.ComponentModel;
using System.Diagnostics;
using GrpcChat.Verify.Load;

namespace GrpcChat.Verify.Faults;

/// <summary>
/// A service of the run's own: a child process with a log of its own, behind a proxy that can be cut.
/// </summary>
internal sealed class OwnService : IAsyncDisposable
{
    private const string Listening = "listening on ";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly CuttingProxy proxy = new();
    private readonly string program;
    private readonly string data;
    private Process? process;
    private Task draining = Task.CompletedTask;

    private OwnService(string program, string data)
    {
        this.program = program;
        this.data = data;
    }

    /// <summary>The address for clients. It stays the same.</summary>
    public Uri Address => proxy.Address;

    /// <summary>
    /// How the service ended when it was asked to; the first code that is not 0, and 0 if there is none.
    /// </summary>
    public int ExitCode { get; private set; }

    /// <param name="program">The service: an executable, or a .dll that dotnet runs.</param>
    /// <param name="data">The directory of its log.</param>
    /// <exception cref="ServiceUnreachableException">It does not start.</exception>
    public static async Task<OwnService> StartAsync(string program, string data)
    {
        var service = new OwnService(program, data);
        try
        {
            await service.StartAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>It has ended although nobody asked it to.</summary>
    public bool HasEnded => process!.HasExited;

    /// <summary>SIGKILL, and a new start.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        await StartAsync();
    }

    /// <summary>SIGTERM, and a new start.</summary>
    public async Task RestartAsync()
    {
        await TerminateAsync();
        await StartAsync();
    }

    /// <summary>SIGTERM, and the end of the process.</summary>
    public async Task TerminateAsync()
    {
        await SignalAsync("TERM");
        await WithinLimitAsync(process!.WaitForExitAsync(), "did not stop");
        ExitCode = ExitCode == 0 ? process.ExitCode : ExitCode;
    }

    /// <summary>SIGSTOP, and SIGCONT after a while.</summary>
    public async Task PauseAsync(TimeSpan time)
    {
        await SignalAsync("STOP");
        await Task.Delay(time);
        await SignalAsync("CONT");
    }

    /// <summary>Every connection breaks.</summary>
    public void CutAll() => proxy.CutAll();

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            await draining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            process.Dispose();
        }

        await proxy.DisposeAsync();
    }

    private async Task StartAsync()
    {
        proxy.Target = null;
        await draining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        process?.Dispose();
        string[] arguments = ["--listen", "127.0.0.1:0", "--management", "none", "--data", data];
        string[] command = program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            ? ["dotnet", program, .. arguments]
            : [program, .. arguments];

        // In a session of its own, because a Ctrl-C at the terminal is meant for the run and not for the service.
        var start = new ProcessStartInfo("setsid", command) { RedirectStandardOutput = true };

        // Those of this shell are meant for another instance.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CHAT_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        // What it meets here would fill the screen with warnings.
        start.Environment["Logging__LogLevel__GrpcChat"] = "Error";
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new ServiceUnreachableException($"the service '{program}' cannot be started with setsid: {error.Message}", error);
        }

        var reading = process.StandardOutput.ReadLineAsync();
        await WithinLimitAsync(reading, "printed nothing");
        var line = await reading;
        if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
        {
            throw new ServiceUnreachableException(
                $"the service '{program}' did not start: it printed {(line is null ? "nothing" : $"'{line}'")} instead of '{Listening}ADDRESS'");
        }

        proxy.Target = new Uri(line[Listening.Length..]);

        // Nobody reads the rest, and a full pipe would stop the service.
        draining = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    private async Task WithinLimitAsync(Task task, string fault)
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException error)
        {
            throw new ServiceUnreachableException($"the service '{program}' {fault} within {Limit.TotalSeconds:0} s", error);
        }
    }

    private async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process!.Id}"]);
        await kill.WaitForExitAsync();
    }
}
