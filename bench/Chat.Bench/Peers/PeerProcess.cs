using System.ComponentModel;
using System.Diagnostics;

namespace Chat.Bench.Peers;

/// <summary>A child process whose first line says "listening on ADDRESS"; it is killed at the latest when disposed.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const string Listening = "listening on ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly Process process;

    // What it says later is thrown away, so that it never waits for a reader of a full pipe.
    private Task draining = Task.CompletedTask;

    private PeerProcess(Process process)
    {
        this.process = process;
        Id = process.Id;
        Usage = new ProcessUsage(Id);
    }

    public int Id { get; }

    public ProcessUsage Usage { get; }

    /// <summary>What stands in its first line after "listening on ", such as http://127.0.0.1:34567.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Starts a program; returns when it listens. Its standard error goes to that of the bench.</summary>
    /// <exception cref="InvalidOperationException">It can't be started, or ended without listening.</exception>
    public static async Task<PeerProcess> StartAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };

        // What is set for a service of one's own is not meant for the one that is measured.
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

    /// <summary>Asks it to end (SIGTERM) and waits; it is killed when that takes too long.</summary>
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
            throw new InvalidOperationException($"{start.FileName} can't be started: {e.Message}", e);
        }
    }

    private async Task ListenAsync()
    {
        using var limit = new CancellationTokenSource(StartLimit);
        var line = await process.StandardOutput.ReadLineAsync(limit.Token);
        if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
        {
            var command = string.Join(' ', process.StartInfo.ArgumentList.Prepend(process.StartInfo.FileName));
            throw new InvalidOperationException($"Instead of listening, {command} said: {line ?? "nothing"}");
        }

        Address = line[Listening.Length..];
        draining = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    private async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }
}
