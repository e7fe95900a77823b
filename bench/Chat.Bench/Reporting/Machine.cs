using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Bench.Reporting;

/// <summary>The machine of a run, without names of hosts or paths.</summary>
internal sealed record Machine
{
    private const string Unknown = "unknown";

    public required string Processor { get; init; }

    public required int Cores { get; init; }

    public required string Memory { get; init; }

    public required string Kernel { get; init; }

    /// <summary>The file system of the databases, and its device.</summary>
    public required string Disk { get; init; }

    public required string DotNet { get; init; }

    /// <summary>The garbage collector's mode in our server's process.</summary>
    public required string Collector { get; init; }

    /// <summary>Null = not installed.</summary>
    public string? Node { get; init; }

    public static Machine Here() => new()
    {
        Processor = Field("/proc/cpuinfo", "model name") ?? Unknown,
        Cores = Environment.ProcessorCount,
        Memory = Field("/proc/meminfo", "MemTotal") is { } total ? Gibibytes(total) : Unknown,
        Kernel = $"{(OperatingSystem.IsLinux() ? "Linux" : Environment.OSVersion.Platform)} {Environment.OSVersion.Version.ToString(3)}",
        Disk = MountedDisk.Under(Path.GetTempPath())?.ToString() ?? Unknown,
        DotNet = Environment.Version.ToString(),
        Collector = CollectorOf(Path.Combine(AppContext.BaseDirectory, "Chat.Service.runtimeconfig.json")),
        Node = NodeVersion(),
    };

    private static string? Field(string file, string name) =>
        File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;

    private static string Gibibytes(string kibibytes) =>
        double.TryParse(kibibytes.Split(' ')[0], CultureInfo.InvariantCulture, out var number)
            ? string.Create(CultureInfo.InvariantCulture, $"{number / 1024 / 1024:0.0} GiB")
            : Unknown;

    // From the server's build and from this environment, which the server inherits.
    private static string CollectorOf(string runtimeConfiguration)
    {
        if (!File.Exists(runtimeConfiguration))
        {
            return Unknown;
        }

        var text = File.ReadAllText(runtimeConfiguration);
        var isServer = Environment.GetEnvironmentVariable("DOTNET_gcServer") is { } asked
            ? asked == "1"
            : text.Contains("\"System.GC.Server\": true", StringComparison.Ordinal);
        var isConcurrent = Environment.GetEnvironmentVariable("DOTNET_gcConcurrent") is { } wanted
            ? wanted == "1"
            : !text.Contains("\"System.GC.Concurrent\": false", StringComparison.Ordinal);
        return $"{(isServer ? "server" : "workstation")}, {(isConcurrent ? "concurrent" : "not concurrent")}";
    }

    private static string? NodeVersion()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            return node.StandardOutput.ReadToEnd().Trim().TrimStart('v');
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
