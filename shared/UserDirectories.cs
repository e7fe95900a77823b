namespace GrpcChat.Shared;

/// <summary>The directories of this user, as the XDG Base Directory Specification names them.</summary>
internal static class UserDirectories
{
    /// <summary>The variable for state.</summary>
    public const string StateVariable = "XDG_STATE_HOME";

    /// <summary>The variable for settings.</summary>
    public const string ConfigVariable = "XDG_CONFIG_HOME";

    /// <summary>The directory for state; null if it is not set and there is no home directory.</summary>
    public static string? FindState() => Find(StateVariable, ".local", "state");

    /// <summary>The directory for settings; null if it is not set and there is no home directory.</summary>
    public static string? FindConfig() => Find(ConfigVariable, ".config");

    /// <summary>
    /// The variable has a relative path, which would name another directory in each working directory; the
    /// specification demands that it is ignored.
    /// </summary>
    public static bool IsIgnored(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && !Path.IsPathFullyQualified(path);

    private static string? Find(string variable, params string[] belowHome)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && !IsIgnored(variable))
        {
            return path;
        }

        // Empty if the directory does not exist.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.IsPathFullyQualified(home) ? Path.Combine([home, .. belowHome]) : null;
    }

    /// <summary>Creates a directory, where there is none, that only its owner may enter.</summary>
    public static void CreatePrivate(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(
                directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        else
        {
            Directory.CreateDirectory(directory);
        }
    }
}
