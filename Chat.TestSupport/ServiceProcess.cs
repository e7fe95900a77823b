using System.Diagnostics;
using Grpc.Net.Client;

namespace GrpcChat.TestSupport;

/// <summary>The real service as a child process, which can be killed.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;

    private ServiceProcess(Process process, Task<string> errors, IReadOnlyList<string> startLines)
    {
        this.process = process;
        this.errors = errors;
        StartLines = startLines;
    }

    /// <summary>The lines that it printed when it had started.</summary>
    public IReadOnlyList<string> StartLines { get; }

    public Uri Address => new(StartLines[0]["listening on ".Length..]);

    /// <summary>The management address, where <c>StartAsync</c> was asked for one.</summary>
    public Uri Management => new(StartLines[1]["management: ".Length..]);

    public int Id => process.Id;

    /// <summary>Starts it and waits until it is listening.</summary>
    /// <param name="data">
    /// The directory of its log, or what stands for its database (see <see cref="TestLog"/>); null for its default.
    /// </param>
    /// <param name="listen">The address.</param>
    /// <param name="workingDirectory">Its working directory; null for that of the tests.</param>
    /// <param name="arguments">More arguments.</param>
    /// <param name="launcher">What starts it; null to start it directly.</param>
    /// <param name="management">
    /// The management address; by default there is none, so that no test takes the port of another; null for its
    /// default.
    /// </param>
    /// <param name="readsErrors">Whether to read its standard error.</param>
    /// <param name="environment">More environment variables.</param>
    public static async Task<ServiceProcess> StartAsync(
        string? data,
        string listen = "127.0.0.1:0",
        string? workingDirectory = null,
        string[]? arguments = null,
        string[]? launcher = null,
        string? management = "none",
        bool readsErrors = true,
        params (string Name, string Value)[] environment)
    {
        string[] directory = data is null ? [] : ["--data", data];
        string[] managed = management is null ? [] : ["--management", management];
        arguments = ["--listen", listen, .. managed, .. directory, .. arguments ?? []];
        var hasLog = arguments.Contains("--log") || environment.Any(variable => variable.Name == "CHAT_LOG");
        if (data is not null && !hasLog && TestLog.DatabaseOf(data) is { } database)
        {
            environment = [.. environment, ("CHAT_LOG", database)];
        }

        var process = Start(launcher ?? [], arguments, workingDirectory, environment: environment);
        var errors = readsErrors ? process.StandardError.ReadToEndAsync() : Task.FromResult("");
        var lines = new List<string>();
        while (lines.Count == 0 || !lines[^1].StartsWith("chat: ", StringComparison.Ordinal))
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(ChatCall.Deadline);
            lines.Add(line ?? throw new InvalidOperationException("It did not start: " + await errors));
        }

        return new ServiceProcess(process, errors, lines);
    }

    /// <summary>Runs it to its end, for starts that must fail.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string[] arguments,
        params (string Name, string Value)[] environment) =>
        ToEndAsync(Start([], arguments, environment: environment));

    /// <summary>The same, started by another program.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunUnderAsync(string[] launcher, string[] arguments) =>
        ToEndAsync(Start(launcher, arguments));

    /// <summary>The same, with another copy of the executable.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunProgramAsync(
        string program, string[] arguments) => ToEndAsync(Start([], arguments, program: program));

    /// <summary>
    /// The same, as somebody for whom the mode bits of files count, also where the tests run as root.
    /// </summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunWithoutPrivilegeAsync(string[] arguments) =>
        ToEndAsync(Start(
            Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [],
            arguments));

    /// <summary>The same, asked to stop (SIGTERM) at some point of its start.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> TerminateStartingAsync(
        string[] arguments, Func<Task> untilThere)
    {
        var process = Start([], arguments);
        var end = ToEndAsync(process);
        var there = untilThere();
        if (await Task.WhenAny(there, end) == there)
        {
            await AskToStopAsync(process);
            await there;
        }

        return await end;
    }

    private static async Task<(int ExitCode, string Output, string Errors)> ToEndAsync(Process started)
    {
        using var process = started;
        try
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
            await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
            return (process.ExitCode, output, await errors);
        }
        finally
        {
            process.Kill();
        }
    }

    public GrpcChannel OpenChannel() => GrpcChannel.ForAddress(Address);

    /// <summary>SIGKILL: it gets no chance to tidy up.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    /// <summary>
    /// SIGTERM: please stop. Returns the exit code, what it wrote to standard error, and how long it took.
    /// </summary>
    public async Task<(int ExitCode, string Errors, TimeSpan Took)> TerminateAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await AskToStopAsync(process);
        var (exitCode, lines) = await EndAsync();
        return (exitCode, lines, Stopwatch.GetElapsedTime(begun));
    }

    /// <summary>
    /// Waits until it has ended by itself. Returns the exit code and what it wrote to standard error.
    /// </summary>
    public async Task<(int ExitCode, string Errors)> EndAsync()
    {
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return (process.ExitCode, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task AskToStopAsync(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static Process Start(
        string[] launcher,
        string[] arguments,
        string? workingDirectory = null,
        string? program = null,
        params (string Name, string Value)[] environment)
    {
        program ??= Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll");
        string[] command = [.. launcher, "dotnet", program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The service does not start.");
    }
}
