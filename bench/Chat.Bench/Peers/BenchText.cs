using System.Globalization;
using System.Text;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// The text of every message: the stopwatch timestamp at which it was due, as 16 hexadecimal digits, then letters. A
/// receiver can compute the latency from the text alone.
/// </summary>
internal static class BenchText
{
    public const int Bytes = 120;

    private const int TimestampDigits = 16;

    private static readonly string Rest = new('x', Bytes - TimestampDigits);

    public static string Of(long timestamp) => timestamp.ToString("x16", CultureInfo.InvariantCulture) + Rest;

    /// <exception cref="FormatException">The text does not begin with a timestamp.</exception>
    public static long TimestampOf(ReadOnlySpan<byte> text)
    {
        Span<char> digits = stackalloc char[TimestampDigits];
        Encoding.ASCII.GetChars(text[..TimestampDigits], digits);
        return long.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
