using System.Text;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// Checks that text was UTF-8 before .NET decoded it. In arguments and in the environment, .NET replaces what is not by
/// U+FFFD, and what was meant is lost.
/// </summary>
internal static class RawText
{
    private const char Replacement = '\uFFFD';

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Says what is wrong with bytes that are not UTF-8; null if they are.</summary>
    public static string? FindError(ReadOnlySpan<byte> bytes)
    {
        try
        {
            StrictUtf8.GetCharCount(bytes);
            return null;
        }
        catch (DecoderFallbackException error)
        {
            return $"not valid UTF-8: byte 0x{error.BytesUnknown?[0]:x2} at position {error.Index + 1}";
        }
    }

    /// <exception cref="ArgumentException">An argument is not UTF-8.</exception>
    public static void ThrowIfInvalid(string[] arguments)
    {
        for (var n = 0; n < arguments.Length; n++)
        {
            // The last ones, because the name of the program, or of the runtime and the program, comes before them.
            var fromEnd = arguments.Length - n;
            ThrowIfInvalid($"the argument '{arguments[n]}'", arguments[n], () => ReadStrings("cmdline")[^fromEnd]);
        }
    }

    /// <exception cref="ArgumentException">The variable is not UTF-8.</exception>
    public static void ThrowIfInvalid(string variable, string value)
    {
        var prefix = Encoding.UTF8.GetBytes($"{variable}=");
        ThrowIfInvalid(
            $"{variable}, which is '{value}',",
            value,
            () => ReadStrings("environ").First(raw => raw.AsSpan().StartsWith(prefix))[prefix.Length..]);
    }

    private static void ThrowIfInvalid(string what, string text, Func<byte[]> readRaw)
    {
        if (text.Contains(Replacement, StringComparison.Ordinal) && FindError(text, readRaw) is { } error)
        {
            throw new ArgumentException($"{what} is {error}; convert it, for example with iconv");
        }
    }

    // U+FFFD may be meant. Where the bytes cannot be read, nobody knows.
    private static string? FindError(string text, Func<byte[]> readRaw)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        return OperatingSystem.IsLinux()
            ? FindError(readRaw())
            : $"probably not valid UTF-8: it has U+FFFD at position {text.IndexOf(Replacement, StringComparison.Ordinal) + 1}";
    }

    private static byte[][] ReadStrings(string file)
    {
        var bytes = File.ReadAllBytes($"/proc/self/{file}").AsSpan();
        var strings = new List<byte[]>();
        while (bytes.IndexOf((byte)0) is >= 0 and var end)
        {
            strings.Add(bytes[..end].ToArray());
            bytes = bytes[(end + 1)..];
        }

        return [.. strings];
    }
}
