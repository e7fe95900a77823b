using System.Runtime.CompilerServices;
using System.Text;

namespace GrpcChat.ConsoleClient;

/// <summary>A line of input.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Text">Its text; empty if there is an error.</param>
/// <param name="Error">Why it cannot be sent; null if it can.</param>
internal readonly record struct Line(long Number, string Text, string? Error = null);

/// <summary>
/// Reads lines of UTF-8. Of a long line it keeps no more than could be sent, so memory is bounded. It skips empty
/// lines, and drops a carriage return at the end of a line and a byte order mark at the start of the input.
/// </summary>
internal sealed class LineReader(Stream input)
{
    /// <summary>The largest text that a service can be configured to accept.</summary>
    public const int MaxLineBytes = 30_720;

    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly byte[] line = new byte[MaxLineBytes];
    private int bufferLength;
    private int bufferPosition;
    private long number;
    private long emptyCount;

    /// <summary>Reads the lines. A read that is cancelled stays behind, because stdin cannot cancel one.</summary>
    public async IAsyncEnumerable<Line> ReadAsync([EnumeratorCancellation] CancellationToken stopping = default)
    {
        var length = 0L;
        while (true)
        {
            if (bufferPosition == bufferLength)
            {
                bufferLength = await Task.Run(FillBufferAsync, stopping).WaitAsync(stopping);
                bufferPosition = 0;
                if (bufferLength == 0)
                {
                    if (length > 0 && CompleteLine(length) is { } last)
                    {
                        yield return last;
                    }

                    yield break;
                }
            }

            var rest = buffer.AsSpan(bufferPosition, bufferLength - bufferPosition);
            var end = rest.IndexOf((byte)'\n');
            var part = end < 0 ? rest : rest[..end];
            if (length < MaxLineBytes)
            {
                part[..(int)Math.Min(part.Length, MaxLineBytes - length)].CopyTo(line.AsSpan((int)length));
            }

            length += part.Length;
            bufferPosition += part.Length + (end < 0 ? 0 : 1);
            if (end >= 0)
            {
                if (CompleteLine(length) is { } whole)
                {
                    yield return whole;
                }

                length = 0;
            }
        }
    }

    /// <summary>Says how many empty lines were skipped, if any.</summary>
    public void ReportEmpty(Output output)
    {
        if (emptyCount > 0)
        {
            output.Say($"{MessageFormat.FormatCount(emptyCount)} empty {(emptyCount == 1 ? "line" : "lines")} skipped");
        }
    }

    private async Task<int> FillBufferAsync()
    {
        try
        {
            return await input.ReadAsync(buffer, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot read standard input: {error.Message}", error);
        }
    }

    // Null for an empty line.
    private Line? CompleteLine(long length)
    {
        number++;
        if (length > MaxLineBytes)
        {
            return new Line(number, "", $"it has {length:N0} bytes, but no service accepts more than {MaxLineBytes:N0}");
        }

        var bytes = line.AsSpan(0, (int)length).TrimEnd((byte)'\r');
        if (number == 1 && bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        }

        if (bytes.IsEmpty)
        {
            emptyCount++;
            return null;
        }

        if (RawText.FindError(bytes) is { } error)
        {
            return new Line(number, "", $"it is {error}");
        }

        var text = Encoding.UTF8.GetString(bytes);
        return new Line(number, text, text.Contains('\0') ? "it contains U+0000, which cannot be stored" : null);
    }
}
