using System.Text;
using System.Text.RegularExpressions;

namespace GrpcChat.Tests.Model;

/// <summary>The valid forms of names in the contract, written independently of the service.</summary>
internal static partial class Forms
{
    private const int MaxNameBytes = 128;

    public static bool IsRoom(string name) => Room().IsMatch(name);

    public static bool IsOffset(string offset) =>
        Encoding.UTF8.GetByteCount(offset) is > 0 and <= MaxNameBytes && !offset.Any(char.IsControl);

    public static bool IsText(string text) => text.Length > 0 && !text.Contains('\0');

    /// <summary>A name as an answer repeats it: truncated to 128 bytes, at a character boundary.</summary>
    public static string Echo(string name)
    {
        while (Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
        {
            name = name[..^(char.IsLowSurrogate(name[^1]) ? 2 : 1)];
        }

        return name;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Room();
}
