using System.Diagnostics;
using System.Security.Cryptography;

namespace GrpcChat.Bench.Peers;

/// <summary>Gives the clients of one service a token. They share one sender, whose limits are lifted.</summary>
internal static class TokenIssuer
{
    private const string Issuer = "bench";
    private const string Audience = "bench";
    private const string Sender = "bench";

    /// <summary>Writes a secret into a directory.</summary>
    /// <returns>The service's arguments that make it accept tokens which are signed with it.</returns>
    public static IEnumerable<string> Create(string directory)
    {
        File.WriteAllText(KeyFile(directory), Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
        return
        [
            "--token-key-file", KeyFile(directory), "--token-issuer", Issuer, "--token-audience", Audience,
            "--max-sends-per-sender-and-second", "0", "--max-streams-per-sender", "1000000",
        ];
    }

    /// <summary>Has the service's own command sign a token.</summary>
    /// <param name="service">The service's program.</param>
    /// <param name="directory">Where the secret is.</param>
    public static async Task<string> SignAsync(string service, string directory)
    {
        string[] arguments =
            [service, "token", "--key-file", KeyFile(directory), "--issuer", Issuer, "--audience", Audience, "--user", Sender];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var token = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? token : throw new InvalidOperationException("The service signed no token.");
    }

    private static string KeyFile(string directory) => Path.Combine(directory, "secret");
}
