using System.Globalization;
using System.Text;
using GrpcChat.V1;
using Microsoft.Extensions.Primitives;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>The metadata of a call, whichever door it came through.</summary>
/// <param name="lookUp">Returns all values of a key, or none where it is absent.</param>
internal readonly struct CallMetadata(Func<string, StringValues> lookUp)
{
    private const string Anonymous = "anonymous";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The sender's name, which its messages carry.</summary>
    /// <exception cref="InvalidMetadataException">The name is invalid or given twice.</exception>
    public string Sender
    {
        get
        {
            var (user, binary) = (One("user"), One("user-bin"));
            if (user is not null && binary is not null)
            {
                throw new InvalidMetadataException("user-bin", binary, "absent where 'user' is given");
            }

            if (user is not null && (!Ascii.IsValid(user) || !Names.IsSender(user)))
            {
                throw new InvalidMetadataException("user", user, $"{Names.SenderForm}, in ASCII (put other names into 'user-bin')");
            }

            return user ?? (binary is null ? Anonymous : Decoded(binary));
        }
    }

    /// <summary>The value of a key. Null where it is absent.</summary>
    /// <exception cref="InvalidMetadataException">The key is given twice.</exception>
    public string? One(string key)
    {
        var values = lookUp(key);
        return values.Count <= 1
            ? values.FirstOrDefault()
            : throw new InvalidMetadataException(key, values.ToString(), "given at most once");
    }

    /// <summary>Reads a value as a number from 0 to <paramref name="most"/>.</summary>
    /// <exception cref="InvalidMetadataException">The value is not such a number.</exception>
    public static long Number(string key, string value, long most, string or = "") =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw new InvalidMetadataException(key, value, $"a decimal number from 0 to {most}{or}");

    private static string Decoded(string base64)
    {
        try
        {
            // gRPC sends binary values in base64, with or without padding.
            var padded = base64.PadRight((base64.Length + 3) / 4 * 4, '=');
            var name = StrictUtf8.GetString(Convert.FromBase64String(padded));
            if (Names.IsSender(name))
            {
                return name;
            }
        }
        catch (Exception error) when (error is FormatException or DecoderFallbackException)
        {
        }

        throw new InvalidMetadataException("user-bin", base64, $"{Names.SenderForm}, in UTF-8");
    }
}

/// <summary>A metadata value is invalid, so the call ends before it starts. The message names the key and the value.</summary>
internal sealed class InvalidMetadataException(string key, string value, string form)
    : Exception($"metadata '{key}' is '{Names.Truncate(value)}', but must be {form}")
{
    public string Key { get; } = key;
}
