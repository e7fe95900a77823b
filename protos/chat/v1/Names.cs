using System.Buffers;
using System.Text;

namespace GrpcChat.V1;

/// <summary>The forms of rooms, senders and client offsets.</summary>
internal static class Names
{
    public const string RoomForm = "1 to 64 characters a-z, 0-9, '.', '_' and '-', starting with a letter or a digit";
    public const string SenderForm = "1 to 64 characters without control characters";
    public const string ClientOffsetForm = "1 to 128 bytes of UTF-8 without control characters";

    /// <summary>No valid name or client offset is longer in UTF-8.</summary>
    public const int MaxUtf8Bytes = 4 * MaxSenderLength;

    private static readonly SearchValues<char> RoomCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    private const int MaxRoomLength = 64;
    private const int MaxSenderLength = 64;
    private const int MaxClientOffsetBytes = 128;

    public static bool IsRoom(string name) =>
        name.Length is > 0 and <= MaxRoomLength
        && (char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0]))
        && !name.AsSpan().ContainsAnyExcept(RoomCharacters);

    /// <summary>True for 1 to 64 code points without controls.</summary>
    public static bool IsSender(string name) =>
        name.Length is > 0 and <= 2 * MaxSenderLength
        && !name.Any(char.IsControl)
        && name.EnumerateRunes().Count() <= MaxSenderLength;

    public static bool IsClientOffset(string offset) =>
        offset.Length is > 0 and <= MaxClientOffsetBytes
        && Encoding.UTF8.GetByteCount(offset) <= MaxClientOffsetBytes
        && !offset.Any(char.IsControl);

    /// <summary>Shortens an invalid name that is echoed: at most 128 bytes of UTF-8, cut between characters.</summary>
    public static string Truncate(string name)
    {
        if (name.Length <= MaxClientOffsetBytes && Encoding.UTF8.GetByteCount(name) <= MaxClientOffsetBytes)
        {
            return name;
        }

        var bytes = 0;
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxClientOffsetBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return name[..length];
    }
}
