using System.Diagnostics;
using GrpcChat.TestSupport;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>
/// The real console client as a child process with a pipe for its input. A test types lines and waits for lines; the
/// lists keep what was read.
/// </summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    // A child inherits which signals are ignored. Where the tests were started in a way that ignores SIGINT (nohup, or
    // in the background of a script), the client would ignore Ctrl-C, as it should; but these tests press it.
    private static readonly string[] WithDefaultSignals = OperatingSystem.IsLinux() ? ["env", "--default-signal"] : [];

    // What every line of output begins with, for instance "12:34 ".
    private const int TimeLength = 6;

    private readonly Process process;

    private ClientProcess(Process process) => this.process = process;

    /// <summary>The messages on stdout, without their time.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>The notices on stderr.</summary>
    public List<string> Said { get; } = [];

    public static ClientProcess Start(Uri address, string user, params string[] more) =>
        new(Process.Start(StartInfo(["--address", address.ToString(), "--user", user, .. more]))
            ?? throw new InvalidOperationException("The client does not start."));

    /// <summary>Runs a command to its end, with this input.</summary>
    public static Task<CommandResult> RunAsync(
        string[] arguments, byte[]? input = null, params (string Name, string Value)[] environment)
    {
        var start = StartInfo(arguments);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return RunAsync(start, input ?? []);
    }

    /// <summary>Runs a process, whose streams are redirected, to its end.</summary>
    public static async Task<CommandResult> RunAsync(ProcessStartInfo start, byte[] input)
    {
        using var process = Process.Start(start) ?? throw new InvalidOperationException("The client does not start.");
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            try
            {
                await process.StandardInput.BaseStream.WriteAsync(input).AsTask().WaitAsync(ChatCall.Deadline);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended before it had read everything.
            }

            await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
            return new CommandResult(process.ExitCode, Lines(await output), Lines(await errors));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>How to start it, without the settings of the environment in which the tests run.</summary>
    public static ProcessStartInfo StartInfo(string[] arguments)
    {
        // In its own output directory: beside the tests, the files of the service's framework are missing.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var chat = Repository.PathOf(Path.Combine("Chat.ConsoleClient", "bin", output.Parent!.Name, output.Name, "chat.dll"));
        string[] command = [.. WithDefaultSignals, "dotnet", chat, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CHAT_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(AppContext.BaseDirectory, "no-settings");
        start.Environment["XDG_STATE_HOME"] = Path.Combine(AppContext.BaseDirectory, "no-state");
        return start;
    }

    /// <summary>Starts it, and waits until it has caught up with its room.</summary>
    public static async Task<ClientProcess> JoinAsync(Uri address, string user, params string[] more)
    {
        var client = Start(address, user, more);
        await client.UntilItSaysAsync("up to date");
        return client;
    }

    /// <summary>Writes lines to its input; waits while the client does not read them.</summary>
    public async Task TypeAsync(params IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            await process.StandardInput.WriteLineAsync(line).WaitAsync(ChatCall.Deadline);
        }

        await process.StandardInput.FlushAsync().WaitAsync(ChatCall.Deadline);
    }

    /// <summary>Closes its input.</summary>
    public void EndInput() => process.StandardInput.Close();

    /// <summary>Reads messages up to this one.</summary>
    public Task UntilItShowsAsync(string message) =>
        ReadUntilAsync(process.StandardOutput, Messages, TimeLength, shown => shown == message);

    /// <summary>Reads notices until one contains this.</summary>
    public Task UntilItSaysAsync(string part) =>
        ReadUntilAsync(process.StandardError, Said, 0, said => said.Contains(part, StringComparison.Ordinal));

    /// <summary>Reads everything up to its end, and returns its exit code.</summary>
    public async Task<int> ToEndAsync()
    {
        await Task.WhenAll(
            ReadAsync(process.StandardOutput, Messages, TimeLength),
            ReadAsync(process.StandardError, Said, 0));
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return process.ExitCode;
    }

    /// <summary>Does what a terminal does when its user presses Ctrl-C.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task ReadAsync(StreamReader reader, List<string> lines, int skip)
    {
        while (await reader.ReadLineAsync().WaitAsync(ChatCall.Deadline) is { } line)
        {
            lines.Add(line[skip..]);
        }
    }

    private async Task ReadUntilAsync(StreamReader reader, List<string> lines, int skip, Func<string, bool> satisfied)
    {
        do
        {
            if (await reader.ReadLineAsync().WaitAsync(ChatCall.Deadline) is not { } line)
            {
                await ToEndAsync();
                throw new InvalidOperationException($"The client ended: {string.Join(" | ", [.. Messages, .. Said])}");
            }

            lines.Add(line[skip..]);
        }
        while (!satisfied(lines[^1]));
    }
}

/// <summary>The result of a command.</summary>
internal sealed record CommandResult(int ExitCode, string[] Output, string[] Errors);
