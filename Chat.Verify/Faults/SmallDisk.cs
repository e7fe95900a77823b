using System.ComponentModel;
using System.Diagnostics;

namespace GrpcChat.Verify.Faults;

/// <summary>A file system in memory that can be filled up. Mounting it takes the rights of root.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string directory;

    private SmallDisk(string directory) => this.directory = directory;

    /// <summary>Mounts one over an empty directory; null where that is not allowed here.</summary>
    public static async Task<SmallDisk?> TryMountAsync(string directory, long bytes) =>
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={bytes},mode=0700", "tmpfs", directory) ? new SmallDisk(directory) : null;

    /// <summary>Leaves no room for a while.</summary>
    public async Task FillAsync(TimeSpan time)
    {
        var ballast = Path.Combine(directory, "ballast");
        var zeros = new byte[64 * 1024];
        try
        {
            using (var file = File.OpenHandle(ballast, FileMode.Create, FileAccess.Write))
            {
                for (var length = 0L; ; length += zeros.Length)
                {
                    RandomAccess.Write(file, zeros, length);
                }
            }
        }
        catch (IOException)
        {
            // It is full. A service that writes meanwhile takes what is left.
        }

        await Task.Delay(time);
        File.Delete(ballast);
    }

    public async ValueTask DisposeAsync() => await RunAsync("umount", directory);

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
