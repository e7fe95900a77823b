namespace GrpcChat.ConsoleClient;

/// <summary>The paths of the interactive chat's state files: one for each service and user name.</summary>
internal static class StatePaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Returns the path, and creates its directory for this user alone.</summary>
    public static string GetPath(string address, string user)
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
        return Path.Combine(directory, $"{EscapeName($"{uri.Scheme}-{uri.Host}-{uri.Port}")}-{EscapeName(user)}.state");
    }

    // So that no name leaves the directory, and different names have different files.
    private static string EscapeName(string name) => Uri.EscapeDataString(name);
}
