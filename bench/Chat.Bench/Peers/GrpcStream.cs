using System.Buffers.Binary;

namespace Chat.Bench.Peers;

/// <summary>
/// A duplex gRPC call of which the load generator sees only bytes: building an object for every message that arrives
/// would make it the bottleneck.
/// </summary>
internal sealed class GrpcStream : IAsyncDisposable
{
    /// <summary>Before each message: a byte that says whether it is compressed, and four for its length.</summary>
    public const int PrefixBytes = 5;

    // A stream that gets little keeps a small buffer, so that many thousands of them fit in; one that gets much reads
    // several frames at once.
    private const int FirstBufferBytes = 2 * 1024;
    private const int UsualBufferBytes = 256 * 1024;

    private readonly GrpcRequestBody body;
    private readonly HttpResponseMessage response;
    private readonly Stream requests;
    private readonly Stream responses;
    private byte[] buffer = new byte[FirstBufferBytes];
    private int begin;
    private int end;

    private GrpcStream(GrpcRequestBody body, HttpResponseMessage response, Stream requests, Stream responses)
    {
        this.body = body;
        this.response = response;
        this.requests = requests;
        this.responses = responses;
    }

    /// <summary>Opens a call; returns when the response headers have come.</summary>
    /// <param name="connection">May be shared with other calls.</param>
    /// <param name="path">As in "/chat.v1.ChatService/Chat".</param>
    /// <param name="metadata">Goes with the call.</param>
    /// <param name="stop">Gives up opening.</param>
    /// <exception cref="HttpRequestException">Nothing answers, or not HTTP/2.</exception>
    /// <exception cref="InvalidDataException">Something else than this method answers, or it refuses the call.</exception>
    public static async Task<GrpcStream> OpenAsync(
        GrpcConnection connection,
        string path,
        IEnumerable<(string Key, string Value)> metadata,
        CancellationToken stop = default)
    {
        var body = new GrpcRequestBody();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(connection.Address, path))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Headers.TE.ParseAdd("trailers");
        foreach (var (key, value) in metadata)
        {
            request.Headers.TryAddWithoutValidation(key, value);
        }

        var response = await connection.SendAsync(request, stop);
        try
        {
            GrpcStatus.CheckHeaders(response);
            return new GrpcStream(body, response, await body.Opened, await response.Content.ReadAsStreamAsync(stop));
        }
        catch
        {
            body.Complete();
            response.Dispose();
            throw;
        }
    }

    /// <summary>Sends what has its prefix already: one message or several. One caller at a time.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> messages)
    {
        await requests.WriteAsync(messages);
        await requests.FlushAsync();
    }

    /// <summary>The next whole message among the bytes that were read; it lives until the next <see cref="ReadAsync"/>.</summary>
    public bool TryTake(out ReadOnlySpan<byte> message)
    {
        message = default;
        if (end - begin < PrefixBytes)
        {
            return false;
        }

        var whole = WholeLength();
        if (end - begin < whole)
        {
            return false;
        }

        message = buffer.AsSpan(begin + PrefixBytes, whole - PrefixBytes);
        begin += whole;
        return true;
    }

    /// <summary>Reads more bytes, as many as are there; false = the call is over and ended well.</summary>
    /// <exception cref="InvalidDataException">The call ended with another status than OK.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken stop)
    {
        MakeSpace();
        var read = await responses.ReadAsync(buffer.AsMemory(end), stop);
        end += read;
        if (read == 0)
        {
            GrpcStatus.CheckTrailers(response);
            return begin == end ? false : throw new InvalidDataException("The call ended amid a message.");
        }

        return true;
    }

    public ValueTask DisposeAsync()
    {
        body.Complete();
        response.Dispose();
        return ValueTask.CompletedTask;
    }

    private int WholeLength()
    {
        const byte Uncompressed = 0;
        return buffer[begin] == Uncompressed
            ? PrefixBytes + (int)BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(begin + 1))
            : throw new InvalidDataException("A compressed message came, and none was asked for.");
    }

    // What remains goes to the front; a buffer that was filled to its end becomes a larger one.
    private void MakeSpace()
    {
        var (rest, wasFull) = (end - begin, end == buffer.Length);
        var needed = rest < PrefixBytes ? PrefixBytes : WholeLength();
        if (wasFull && buffer.Length < UsualBufferBytes)
        {
            needed = Math.Max(needed, buffer.Length * 4);
        }

        var old = buffer;
        buffer = needed > buffer.Length ? new byte[needed] : buffer;
        old.AsSpan(begin, rest).CopyTo(buffer);
        (begin, end) = (0, rest);
    }
}
