using System.Text.RegularExpressions;

namespace GrpcChat.Service;

/// <summary>
/// Settings of ASP.NET Core that say what a web server listens on. Here, that is one option: <c>Listen</c>, with its own
/// rule about addresses, which no other setting may get around.
/// </summary>
internal static partial class ForeignEndpoints
{
    /// <summary>Finds out whether an environment variable, or a section of the configuration file, is such a setting.</summary>
    /// <param name="name">The name, such as <c>ASPNETCORE_URLS</c>.</param>
    public static bool IsOne(string name) => Endpoints().IsMatch(name);

    /// <summary>
    /// Finds out whether it is a setting that the container images of .NET carry. Nobody has chosen it, so it must not end
    /// the start.
    /// </summary>
    public static bool IsOfImage(string name) => Ports().IsMatch(name);

    [GeneratedRegex("^((ASPNETCORE_|DOTNET_)?Kestrel((__|:).*)?|(ASPNETCORE_|DOTNET_)Urls|Urls)$", RegexOptions.IgnoreCase)]
    private static partial Regex Endpoints();

    [GeneratedRegex("^(ASPNETCORE_|DOTNET_)(HTTP|HTTPS)_PORTS$", RegexOptions.IgnoreCase)]
    private static partial Regex Ports();
}
