using System.Security.Cryptography;

namespace Chat.AspNetCore.Storage;

/// <summary>Identities of logs.</summary>
internal static class LogIds
{
    /// <summary>A new random identity: 128 bits as 32 lower-case hexadecimal digits.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
