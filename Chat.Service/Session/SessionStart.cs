using System.Globalization;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Chat.Service.Session;

/// <summary>What a client says when it opens a stream: who it is, and which room it wants first, from where.</summary>
/// <param name="Sender">The name that its messages carry.</param>
/// <param name="FirstRoom">The room to join first, and to send to where a send names none; null = none.</param>
/// <param name="Position">Where the first join starts.</param>
internal sealed record SessionStart(string Sender, string? FirstRoom, StartPosition Position)
{
    private const string DefaultRoom = "lobby";
    private const string NoRoom = "-";
    private const string Anonymous = "anonymous";
    private const string Latest = "latest";
    private const int MaxLogIdLength = 128;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the call's metadata, whichever way it came.</summary>
    /// <param name="lookUp">All values of a key, empty where it is absent.</param>
    /// <exception cref="InvalidMetadataException">A value is malformed, repeated or out of range.</exception>
    public static SessionStart Parse(Func<string, StringValues> lookUp)
    {
        var room = One("room") ?? DefaultRoom;
        if (room != NoRoom && !Names.IsRoom(room))
        {
            throw new InvalidMetadataException("room", room, $"{Names.RoomForm}; or '-' for none");
        }

        var lastSeen = One("last-seen-id");
        var position = new StartPosition
        {
            AfterId = lastSeen switch
            {
                null => null,
                Latest => StartPosition.Latest,
                _ => Number("last-seen-id", lastSeen, long.MaxValue, ", or 'latest'"),
            },
            LogId = LogId(isLookedAt: lastSeen is not null),
            ReplayLimit = One("replay-limit") is { } limit ? (int)Number("replay-limit", limit, int.MaxValue) : 0,
        };
        return new SessionStart(Sender(), room == NoRoom ? null : room, position);

        string? One(string key)
        {
            var values = lookUp(key);
            return values.Count <= 1
                ? values.FirstOrDefault()
                : throw new InvalidMetadataException(key, values.ToString(), "given at most once");
        }

        long Number(string key, string value, long most, string or = "") =>
            long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
                ? number
                : throw new InvalidMetadataException(key, value, $"a decimal number from 0 to {most}{or}");

        // Most clients join the values of a repeated key with a comma, so a comma is what a repetition looks like.
        string LogId(bool isLookedAt)
        {
            var logId = One("log-id") ?? "";
            return !isLookedAt || (logId.Length <= MaxLogIdLength
                && !logId.AsSpan().ContainsAnyExceptInRange('!', '~')
                && !logId.Contains(','))
                ? logId
                : throw new InvalidMetadataException(
                    "log-id", logId, $"at most {MaxLogIdLength} visible ASCII characters without commas, given once");
        }

        string Sender()
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

        static string Decoded(string base64)
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
}

/// <summary>A metadata value that ends the call before it begins; the message names the key and the value.</summary>
internal sealed class InvalidMetadataException(string key, string value, string form)
    : Exception($"metadata '{key}' is '{Names.Cut(value)}', and must be {form}")
{
    public string Key { get; } = key;
}
