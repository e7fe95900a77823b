using System.Text;
using System.Text.Unicode;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>What the service stores and nothing else may: the form of names, client offsets, texts and times.</summary>
internal static class RowForm
{
    private static readonly long LastTime = LogTime.ToMicroseconds(DateTimeOffset.MaxValue);

    /// <summary>What is wrong with a message; null if nothing is. All texts are UTF-8.</summary>
    public static string? FindProblem(
        ReadOnlySpan<byte> sender, long sentAt, ReadOnlySpan<byte> clientOffset, ReadOnlySpan<byte> text, bool isErased) =>
        !IsValid(sender, Names.IsSender) ? $"the sender '{Show(sender)}' is not valid"
        : sentAt < 0 || sentAt > LastTime ? $"the time {sentAt} is not valid"
        : !IsValid(clientOffset, Names.IsClientOffset) ? $"the client offset '{Show(clientOffset)}' is not valid"
        : !isErased ? FindProblem(text)
        : text.IsEmpty ? null
        : "it is erased, but has a text";

    /// <summary>What is wrong with a text; null if nothing is.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> text) =>
        text.IsEmpty ? "the text is empty"
        : text.Length > LogLimits.MaxTextBytes ? $"the text has {text.Length} bytes, but may have at most {LogLimits.MaxTextBytes}"
        : text.Contains((byte)0) ? "the text contains U+0000"
        : Utf8.IsValid(text) ? null
        : "the text is not UTF-8";

    /// <summary>Whether a log id has the form of all log ids.</summary>
    public static bool IsLogId(string logId) => logId.Length == 32 && logId.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether bytes are UTF-8 of a form.</summary>
    public static bool IsValid(ReadOnlySpan<byte> utf8, Func<string, bool> form) =>
        utf8.Length <= Names.MaxUtf8Bytes && Utf8.IsValid(utf8) && form(Encoding.UTF8.GetString(utf8));

    /// <summary>A name or client offset for a line on a terminal, whatever it contains.</summary>
    public static string Show(ReadOnlySpan<byte> utf8) => string.Concat(
        Names.Truncate(Encoding.UTF8.GetString(utf8)).Select(character => char.IsControl(character) ? '\uFFFD' : character));
}
