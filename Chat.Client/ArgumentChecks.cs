using System.Text;
using GrpcChat.V1;

namespace GrpcChat.Client;

/// <summary>Checks arguments before a message is kept, so that everything that is kept can be sent.</summary>
internal static class ArgumentChecks
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void ThrowIfInvalidRoom(string room)
    {
        ArgumentNullException.ThrowIfNull(room);
        if (!Names.IsRoom(room))
        {
            throw new ArgumentException(
                $"'{Names.Truncate(room)}' is not a valid room name: {Names.RoomForm}", nameof(room));
        }
    }

    public static void ThrowIfInvalidText(string text, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            throw new ArgumentException("the text is empty", nameof(text));
        }

        if (text.Contains('\0'))
        {
            throw new ArgumentException("the text contains U+0000, which can't be stored", nameof(text));
        }

        if (text.Length > maxBytes || CountBytes(text) > maxBytes)
        {
            throw new ArgumentException(
                $"the text has {Encoding.UTF8.GetByteCount(text)} bytes; the maximum is {maxBytes}", nameof(text));
        }
    }

    public static void ThrowIfInvalidOffset(string? clientOffset)
    {
        if (clientOffset is not null && !Names.IsClientOffset(clientOffset))
        {
            throw new ArgumentException(
                $"'{Names.Truncate(clientOffset)}' is not a valid client offset: {Names.ClientOffsetForm}",
                nameof(clientOffset));
        }
    }

    private static int CountBytes(string text)
    {
        try
        {
            return StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException(
                "the text contains half of a surrogate pair, which is not a character", nameof(text));
        }
    }
}
