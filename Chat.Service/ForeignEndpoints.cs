using System.Text.RegularExpressions;

namespace GrpcChat.Service;

/// <summary>
/// Settings of ASP.NET Core that say what a web server listens on. Here, those are two options: <c>Listen</c>, with its
/// own rule about addresses, which no other setting may get around, and <c>Management</c>.
/// </summary>
internal static partial class ForeignEndpoints
{
    /// <summary>
    /// Checks an environment variable. Returns a warning for one that the container images of .NET carry: nobody has
    /// chosen it, so it must not end the start.
    /// </summary>
    /// <exception cref="UsageException">The variable is such a setting.</exception>
    public static string? CheckVariable(string name, string value) => Endpoints().IsMatch(name)
        ? throw new UsageException(
            $"{name} is '{value}', but the service listens only where Listen and Management say; remove it, and give --listen")
        : Ports().IsMatch(name) ? $"ignored: {name}; the service listens where --listen says"
        : null;

    /// <summary>Checks a section of the configuration file.</summary>
    /// <exception cref="UsageException">The section is such a setting.</exception>
    public static void CheckSection(string name, string path)
    {
        if (Endpoints().IsMatch(name))
        {
            throw new UsageException(
                $"{name} in {path} says what to listen on, but the service listens only where Listen and Management say; "
                + "remove it, and set Listen in the section Chat");
        }
    }

    [GeneratedRegex("^((ASPNETCORE_|DOTNET_)?Kestrel((__|:).*)?|(ASPNETCORE_|DOTNET_)Urls|Urls)$", RegexOptions.IgnoreCase)]
    private static partial Regex Endpoints();

    [GeneratedRegex("^(ASPNETCORE_|DOTNET_)(HTTP|HTTPS)_PORTS$", RegexOptions.IgnoreCase)]
    private static partial Regex Ports();
}
