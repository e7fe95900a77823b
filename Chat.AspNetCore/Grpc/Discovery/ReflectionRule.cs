using System.Net;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>When reflection is on.</summary>
internal static class ReflectionRule
{
    /// <summary>As the option says; where it says nothing, true while only this machine can reach the service.</summary>
    /// <param name="option"><see cref="ChatOptions.Reflection"/>.</param>
    /// <param name="addresses">What the web server listens on; a server inside a test listens on nothing.</param>
    public static bool IsOn(bool? option, IEnumerable<string> addresses) => option ?? addresses.All(IsLocal);

    // An address of an unknown kind, for instance a socket that a supervisor opened, may be reached from anywhere.
    private static bool IsLocal(string address)
    {
        var binding = BindingAddress.Parse(address);
        return binding.IsUnixPipe
            || binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
