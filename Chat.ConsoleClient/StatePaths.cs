namespace Chat.ConsoleClient;

/// <summary>Where the interactive chat keeps its state files: one for each service and name.</summary>
internal static class StatePaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The file for a service and a name, in a directory that is there and is nobody else's.</summary>
    public static string Of(string address, string user)
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } home
            ? home
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        var directory = Path.Combine(state, "grpcchat", "clients");
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, OwnerOnly);
        }

        var uri = new Uri(address);
        return Path.Combine(directory, $"{FileName($"{uri.Scheme}-{uri.Host}-{uri.Port}")}-{FileName(user)}.state");
    }

    // No name can leave the directory, and none becomes another one's.
    private static string FileName(string name) => Uri.EscapeDataString(name);
}
