using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Bench.Peers;

/// <summary>A child process whose first line is "listening on ADDRESS". Disposing kills it.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const string Listening = "listening on ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly Process process;

    // Its further output is discarded, so that it never blocks on a full pipe.
    private Task draining = Task.CompletedTask;

    private PeerProcess(Process process)
    {
        this.process = process;
        Id = process.Id;
        Usage = new ProcessUsage(Id);
    }

    public int Id { get; }

    /// <summary>Of the process, and of the workers that it had started when it was listening.</summary>
    public ProcessUsage Usage { get; private set; }

    /// <summary>The address in its first line, such as http://127.0.0.1:34567; several are separated by spaces.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Starts a program; returns when it is listening. Its standard error is that of the bench.</summary>
    /// <exception cref="InvalidOperationException">
    /// It could not be started, or its first line is not an address.
    /// </exception>
    public static async Task<PeerProcess> StartAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };

        // Variables of this shell are meant for another instance of the service, not for the one being measured.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CHAT_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var peer = new PeerProcess(Start(start));
        try
        {
            await peer.ListenAsync();
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks it to end (SIGTERM) and waits; kills it if that takes more than 15 s.</summary>
    public async Task StopAsync()
    {
        if (process.HasExited)
        {
            return;
        }

        using (var kill = Process.Start("kill", ["-TERM", $"{Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await draining;
        process.Dispose();
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} could not be started: {e.Message}", e);
        }
    }

    private async Task ListenAsync()
    {
        using var limit = new CancellationTokenSource(StartLimit);
        var line = await process.StandardOutput.ReadLineAsync(limit.Token);
        if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
        {
            var command = string.Join(' ', process.StartInfo.ArgumentList.Prepend(process.StartInfo.FileName));
            throw new InvalidOperationException(
                $"{command} did not print \"{Listening}ADDRESS\" but {(line is null ? "ended" : $"\"{line}\"")}.");
        }

        Address = line[Listening.Length..];
        Usage = new ProcessUsage([Id, .. Children()]);
        draining = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    // Where the system does not tell, only the process itself counts.
    private IEnumerable<int> Children()
    {
        var list = $"/proc/{Id}/task/{Id}/children";
        return File.Exists(list)
            ? File.ReadAllText(list).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))
            : [];
    }

    private async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }
}
