using System.Diagnostics;
using Chat.Tests.Infrastructure;

namespace Chat.Tests.ConsoleClient;

/// <summary>
/// The real console client as a child process whose input is a pipe. A test types lines and waits for lines; what was
/// read stays in the lists.
/// </summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    // What every line of output begins with, for instance "12:34 ".
    private const int TimeLength = 6;

    private readonly Process process;

    private ClientProcess(Process process) => this.process = process;

    /// <summary>The messages it has shown, without their time.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>What it has said about the connection.</summary>
    public List<string> Said { get; } = [];

    public static ClientProcess Start(Uri address, string user, params string[] more)
    {
        // Beside the tests lie no copies of what the service's framework brings; so it runs on that framework too.
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "exec", "--runtimeconfig", Path.Combine(AppContext.BaseDirectory, "Chat.Service.runtimeconfig.json"),
                Path.Combine(AppContext.BaseDirectory, "Chat.ConsoleClient.dll"),
                "--address", address.ToString(), "--user", user,
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in more)
        {
            start.ArgumentList.Add(argument);
        }

        return new ClientProcess(Process.Start(start) ?? throw new InvalidOperationException("The client does not start."));
    }

    /// <summary>Starts it and waits until it has read what there is.</summary>
    public static async Task<ClientProcess> JoinAsync(Uri address, string user, params string[] more)
    {
        var client = Start(address, user, more);
        await client.UntilItSaysAsync("up to date");
        return client;
    }

    /// <summary>Writes lines to its input; waits where the client does not take them.</summary>
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

    /// <summary>Reads messages until one is this one.</summary>
    public Task UntilItShowsAsync(string message) =>
        ReadUntilAsync(process.StandardOutput, Messages, TimeLength, shown => shown == message);

    /// <summary>Reads what it says until it has said this.</summary>
    public Task UntilItSaysAsync(string part) =>
        ReadUntilAsync(process.StandardError, Said, 0, said => said.Contains(part, StringComparison.Ordinal));

    /// <summary>Reads all that it still shows and says, and returns its exit code.</summary>
    public async Task<int> ToEndAsync()
    {
        await Task.WhenAll(
            ReadAsync(process.StandardOutput, Messages, TimeLength),
            ReadAsync(process.StandardError, Said, 0));
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return process.ExitCode;
    }

    /// <summary>What a terminal does when its user presses Ctrl-C.</summary>
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
