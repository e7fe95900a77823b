using System.Diagnostics;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>An application that uses the client library, in a process that can be killed.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process process;

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>The lines read so far.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>Starts Chat.Client.Tests.Worker.</summary>
    public static WorkerProcess Start(params string[] arguments) => Start("Chat.Client.Tests.Worker.dll", [], arguments);

    /// <summary>Starts it so that file permissions count, even if the tests run as root.</summary>
    public static WorkerProcess StartWithoutPrivilege(params string[] arguments) => Start(
        "Chat.Client.Tests.Worker.dll",
        Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [],
        arguments);

    /// <summary>Starts the example in the documentation.</summary>
    public static WorkerProcess StartExample(params string[] arguments) => Start("Chat.Examples.Library.dll", [], arguments);

    /// <summary>Reads one line; null at the end of the output.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(ChatCall.Deadline);
        if (line is not null)
        {
            Lines.Add(line);
        }

        return line;
    }

    /// <summary>Reads lines up to this one.</summary>
    public async Task UntilItSaysAsync(string said)
    {
        while (!Lines.Contains(said))
        {
            if (await ReadLineAsync() is null)
            {
                throw new InvalidOperationException($"It ended without '{said}': {string.Join(" | ", Lines.TakeLast(20))}");
            }
        }
    }

    /// <summary>Sends SIGKILL and reads the rest of the output; false if the process had ended before.</summary>
    public async Task<bool> KillAsync()
    {
        process.Kill();
        while (await ReadLineAsync() is not null)
        {
        }

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return process.ExitCode == 128 + 9;
    }

    /// <summary>Sends a signal, such as STOP.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Reads the rest of the output; returns the exit code.</summary>
    public async Task<int> ToEndAsync()
    {
        while (await ReadLineAsync() is not null)
        {
        }

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static WorkerProcess Start(string program, string[] launcher, string[] arguments)
    {
        // The test directory has no copies of the shared framework, so the program runs with the tests' configuration.
        string[] command =
        [
            .. launcher, "dotnet", "exec", "--depsfile", PathOf("Chat.Client.Tests.deps.json"),
            "--runtimeconfig", PathOf("Chat.Client.Tests.runtimeconfig.json"), PathOf(program), .. arguments,
        ];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true };
        return new WorkerProcess(Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start."));
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
