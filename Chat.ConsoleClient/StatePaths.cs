using GrpcChat.Client;
using GrpcChat.Shared;

namespace GrpcChat.ConsoleClient;

/// <summary>The paths of the interactive chat's state files: one for each service and user name.</summary>
internal static class StatePaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>What to do if there can be no file there.</summary>
    public const string Advice =
        $"set {UserDirectories.StateVariable} to a directory that you may write to, or give a file with --state";

    /// <summary>Returns the path, and creates its directory for this user alone.</summary>
    /// <exception cref="ChatStateException">The directory cannot be created.</exception>
    public static string GetPath(IReadOnlyList<string> addresses, string user)
    {
        var state = UserDirectories.FindState() ?? throw new ChatStateException(
            $"there is no home directory in which unanswered messages could be kept; {Advice}");
        var directory = Path.Combine(state, "grpcchat", "clients");
        try
        {
            Create(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ChatStateException(
                $"cannot create the directory for unanswered messages: {error.Message.TrimEnd('.')}; {Advice}", error);
        }

        // As for the client, the order of the addresses does not matter.
        var service = addresses.Select(address => new Uri(address)).Select(uri => $"{uri.Scheme}-{uri.Host}-{uri.Port}")
            .Min(StringComparer.Ordinal)!;
        return Path.Combine(directory, $"{EscapeName(service)}-{EscapeName(user)}.state");
    }

    private static void Create(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, OwnerOnly);
        }
    }

    // So that no name leaves the directory, and different names have different files.
    private static string EscapeName(string name) => Uri.EscapeDataString(name);
}
