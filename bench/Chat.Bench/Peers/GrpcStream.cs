using System.Buffers.Binary;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// A bidirectional gRPC call that carries bytes: if the load generator built an object for every message it receives,
/// it would be the bottleneck.
/// </summary>
internal sealed class GrpcStream : IAsyncDisposable
{
    /// <summary>Precedes each message: one byte for compression and four for the length.</summary>
    public const int PrefixBytes = 5;

    // A quiet stream keeps a small buffer, so that many thousands of streams fit into memory; a busy one reads several
    // frames at once.
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

    /// <summary>Opens a call; returns when the response headers have arrived.</summary>
    /// <param name="connection">May be shared with other calls.</param>
    /// <param name="path">As in "/chat.v1.ChatService/Chat".</param>
    /// <param name="metadata">The call's metadata.</param>
    /// <param name="stop">Cancels the opening; the open stream ignores it.</param>
    /// <exception cref="HttpRequestException">Nothing listens there, or it does not speak HTTP/2.</exception>
    /// <exception cref="InvalidDataException">The server is not a gRPC server, or it rejected the call.</exception>
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

    /// <summary>Sends one or more messages that already have their prefixes. One caller at a time.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> messages)
    {
        await requests.WriteAsync(messages);
        await requests.FlushAsync();
    }

    /// <summary>
    /// Takes the next complete message from the bytes read so far. It is valid until the next <see cref="ReadAsync"/>.
    /// </summary>
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

    /// <summary>Reads the bytes that are available, at least one; false = the call has ended with OK.</summary>
    /// <exception cref="InvalidDataException">
    /// The call has ended with a status other than OK, or within a message.
    /// </exception>
    public async ValueTask<bool> ReadAsync(CancellationToken stop)
    {
        MakeSpace();
        var read = await responses.ReadAsync(buffer.AsMemory(end), stop);
        end += read;
        if (read == 0)
        {
            GrpcStatus.CheckTrailers(response);
            return begin == end ? false : throw new InvalidDataException("The call ended within a message.");
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
            : throw new InvalidDataException("The service sent a compressed message although the call accepts none.");
    }

    // Moves the remaining bytes to the front; a buffer that was filled completely is replaced by a larger one.
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
