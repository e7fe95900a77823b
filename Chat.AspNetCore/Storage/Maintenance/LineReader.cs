namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>Reads lines as bytes, none of which is longer than 1 MiB.</summary>
internal sealed class LineReader(Stream input)
{
    private readonly byte[] buffer = new byte[1 << 20];
    private int begin, end;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>
    /// The next line with its line feed, valid until the next call. The last line may have none. Empty at the end of the input.
    /// </summary>
    /// <exception cref="FormatException">The line is too long.</exception>
    public ReadOnlySpan<byte> Read()
    {
        var searched = 0;
        while (true)
        {
            var length = buffer.AsSpan((begin + searched)..end).IndexOf((byte)'\n') + 1;
            if (length > 0)
            {
                return Take(searched + length);
            }

            searched = end - begin;
            if (!Fill())
            {
                return Take(searched);
            }
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        var line = buffer.AsSpan(begin, length);
        begin += length;
        Line += length > 0 ? 1 : 0;
        return line;
    }

    // False at the end of the input.
    private bool Fill()
    {
        if (begin > 0)
        {
            buffer.AsSpan(begin..end).CopyTo(buffer);
            (begin, end) = (0, end - begin);
        }

        if (end == buffer.Length)
        {
            Line++;
            throw new FormatException("it is longer than 1 MiB");
        }

        var read = input.Read(buffer.AsSpan(end));
        end += read;
        return read > 0;
    }
}
