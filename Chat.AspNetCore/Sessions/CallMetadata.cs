using System.Globalization;
using System.Text;
using Chat.V1;
using Microsoft.Extensions.Primitives;

namespace Chat.AspNetCore.Sessions;

/// <summary>What a call says in its metadata, key by key, whichever way it came.</summary>
/// <param name="lookUp">All values of a key, empty where it is absent.</param>
internal readonly struct CallMetadata(Func<string, StringValues> lookUp)
{
    private const string Anonymous = "anonymous";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The name of whoever calls, which its messages carry.</summary>
    /// <exception cref="InvalidMetadataException">It is no name, or given twice.</exception>
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
                throw new InvalidMetadataException("user", user, $"{Names.SenderForm}, in ASCII (others go into 'user-bin')");
            }

            return user ?? (binary is null ? Anonymous : Decoded(binary));
        }
    }

    /// <summary>The value of a key; null where it is absent.</summary>
    /// <exception cref="InvalidMetadataException">It is given twice.</exception>
    public string? One(string key)
    {
        var values = lookUp(key);
        return values.Count <= 1
            ? values.FirstOrDefault()
            : throw new InvalidMetadataException(key, values.ToString(), "given at most once");
    }

    /// <summary>A value as a number from 0 to <paramref name="most"/>.</summary>
    /// <exception cref="InvalidMetadataException">It is none.</exception>
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

/// <summary>A metadata value that ends the call before it begins; the message names the key and the value.</summary>
internal sealed class InvalidMetadataException(string key, string value, string form)
    : Exception($"metadata '{key}' is '{Names.Cut(value)}', and must be {form}")
{
    public string Key { get; } = key;
}
