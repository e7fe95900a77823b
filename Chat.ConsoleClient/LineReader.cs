using System.Text;

namespace Chat.ConsoleClient;

/// <summary>A line of input: its number from 1, and its text, or what is wrong with it.</summary>
internal readonly record struct Line(long Number, string Text, string? Wrong);

/// <summary>
/// Reads lines of UTF-8, however long they are: no more of one is kept than could be sent. An empty line is none, and a
/// carriage return before the end is not part of it.
/// </summary>
internal sealed class LineReader(Stream input)
{
    /// <summary>The largest text that a service can be set to accept.</summary>
    public const int MaxLineBytes = 30_720;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly byte[] line = new byte[MaxLineBytes];
    private int read;
    private int taken;
    private long number;

    /// <summary>The lines. Cancelling leaves a read of the input behind, which can't be cancelled.</summary>
    public async IAsyncEnumerable<Line> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var length = 0L;
        while (true)
        {
            if (taken == read)
            {
                read = await Task.Run(() => input.ReadAsync(buffer, CancellationToken.None).AsTask(), stop).WaitAsync(stop);
                taken = 0;
                if (read == 0)
                {
                    if (length > 0 && End(length) is { } last)
                    {
                        yield return last;
                    }

                    yield break;
                }
            }

            var rest = buffer.AsSpan(taken, read - taken);
            var end = rest.IndexOf((byte)'\n');
            var part = end < 0 ? rest : rest[..end];
            if (length < MaxLineBytes)
            {
                part[..(int)Math.Min(part.Length, MaxLineBytes - length)].CopyTo(line.AsSpan((int)length));
            }

            length += part.Length;
            taken += part.Length + (end < 0 ? 0 : 1);
            if (end >= 0)
            {
                if (End(length) is { } whole)
                {
                    yield return whole;
                }

                length = 0;
            }
        }
    }

    private Line? End(long length)
    {
        number++;
        if (length > MaxLineBytes)
        {
            return new Line(number, "", $"it has {length:N0} bytes, and no service takes more than {MaxLineBytes:N0}");
        }

        var bytes = line.AsSpan(0, (int)length).TrimEnd((byte)'\r');
        if (bytes.IsEmpty)
        {
            return null;
        }

        try
        {
            var text = Strict.GetString(bytes);
            return new Line(number, text, text.Contains('\0') ? "it has a U+0000, which cannot be stored" : null);
        }
        catch (DecoderFallbackException error)
        {
            return new Line(number, "", $"it is not UTF-8: byte 0x{error.BytesUnknown?[0]:x2} at position {error.Index + 1}");
        }
    }
}
