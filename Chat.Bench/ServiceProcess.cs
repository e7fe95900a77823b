using System.Diagnostics;

namespace Chat.Bench;

/// <summary>The service under test: a process of its own, on a free port, with a new log that goes with it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly string data;

    private ServiceProcess(Process process, string data, string address)
    {
        this.process = process;
        this.data = data;
        Address = address;
    }

    public string Address { get; }

    public ProcessUsage Usage => new(process.Id);

    public static async Task<ServiceProcess> StartAsync()
    {
        const string Listening = "listening on ";
        var data = Directory.CreateTempSubdirectory("grpcchat-bench-").FullName;
        var service = Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet", [service, "--listen", "127.0.0.1:0", "--data", data])
        {
            RedirectStandardOutput = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync();
        if (line?.StartsWith(Listening, StringComparison.Ordinal) != true)
        {
            throw new InvalidOperationException($"The service did not start: {line}");
        }

        return new ServiceProcess(process, data, line[Listening.Length..]);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(data, recursive: true);
    }
}
