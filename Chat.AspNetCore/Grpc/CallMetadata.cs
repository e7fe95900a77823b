using System.Globalization;
using System.Text;
using Grpc.Core;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// The metadata of a call, as the client sent it: gRPC's own collection would hide repeated keys.
/// </summary>
/// <param name="headers">The headers of the request.</param>
internal readonly struct CallMetadata(IHeaderDictionary headers)
{
    private const string DefaultRoom = "lobby";
    private const string NoRoom = "-";
    private const string Latest = "latest";
    private const int MaxLogIdLength = 128;

    private static readonly string[] NameKeys = ["user", "user-bin"];

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The metadata of a gRPC call.</summary>
    public static CallMetadata Of(ServerCallContext context) => new(context.GetHttpContext().Request.Headers);

    /// <summary>
    /// Reads who calls, from the call's credentials or, in a service without authentication, from its metadata.
    /// </summary>
    /// <exception cref="InvalidMetadataException">
    /// The name is invalid or given twice, or a name is not for the caller to give.
    /// </exception>
    /// <exception cref="UnauthenticatedException">There are no credentials, or they are not accepted.</exception>
    /// <exception cref="SenderBlockedException">The sender is blocked.</exception>
    public static async ValueTask<Caller> ReadCallerAsync(ServerCallContext context, CallerFactory callers)
    {
        var metadata = Of(context);
        if (!await callers.IsRequiredAsync(context.GetHttpContext()))
        {
            return callers.CreateAnonymous(context.GetHttpContext(), metadata.ReadName());
        }

        var caller = await callers.CreateAsync(context.GetHttpContext());
        foreach (var key in NameKeys)
        {
            if (metadata.One(key) is { } name)
            {
                throw new InvalidMetadataException(key, name, "absent, because the credentials name the sender");
            }
        }

        return caller;
    }

    /// <summary>Reads the name that an anonymous caller gives; null = none.</summary>
    /// <exception cref="InvalidMetadataException">The name is invalid or given twice.</exception>
    public string? ReadName()
    {
        var (user, binary) = (One(NameKeys[0]), One(NameKeys[1]));
        if (user is not null && binary is not null)
        {
            throw new InvalidMetadataException("user-bin", binary, "absent where 'user' is given");
        }

        if (user is not null && (!Ascii.IsValid(user) || !Names.IsSender(user)))
        {
            throw new InvalidMetadataException("user", user, $"{Names.SenderForm}, in ASCII (put other names into 'user-bin')");
        }

        return user ?? (binary is null ? null : Decode(binary));
    }

    /// <summary>Reads what opens a stream.</summary>
    /// <exception cref="InvalidMetadataException">A value is malformed, repeated or out of range.</exception>
    public SessionStart ReadStart(Caller caller)
    {
        var room = One("room") ?? DefaultRoom;
        if (room != NoRoom && !Names.IsRoom(room))
        {
            throw new InvalidMetadataException("room", room, $"{Names.RoomForm}, or '-' for none");
        }

        var lastSeen = One("last-seen-id");
        var position = new StartPosition
        {
            AfterId = lastSeen switch
            {
                null => null,
                Latest => StartPosition.Latest,
                _ => ParseNumber("last-seen-id", lastSeen, long.MaxValue, ", or 'latest'"),
            },
            LogId = CheckLogId(One("log-id") ?? "", isUsed: lastSeen is not null),
            ReplayLimit = One("replay-limit") is { } limit ? (int)ParseNumber("replay-limit", limit, int.MaxValue) : 0,
        };
        return new SessionStart(caller, room == NoRoom ? null : room, position);
    }

    private string? One(string key)
    {
        var values = headers[key];
        return values.Count <= 1
            ? values.FirstOrDefault()
            : throw new InvalidMetadataException(key, values.ToString(), "given at most once");
    }

    private static long ParseNumber(string key, string value, long most, string or = "") =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw new InvalidMetadataException(key, value, $"a decimal number from 0 to {most}{or}");

    private static string Decode(string base64)
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

    // Most clients join the values of a repeated key with commas, so a comma is a sign of repetition.
    private static string CheckLogId(string logId, bool isUsed) =>
        !isUsed || (logId.Length <= MaxLogIdLength
            && !logId.AsSpan().ContainsAnyExceptInRange('!', '~')
            && !logId.Contains(','))
            ? logId
            : throw new InvalidMetadataException(
                "log-id", logId, $"at most {MaxLogIdLength} visible ASCII characters without commas, given once");
}

/// <summary>
/// A metadata value is invalid, so the call ends before it starts. The message names the key and the value.
/// </summary>
internal sealed class InvalidMetadataException(string key, string value, string form)
    : Exception($"metadata '{key}' is '{Names.Truncate(value)}', but must be {form}")
{
    public string Key { get; } = key;
}
