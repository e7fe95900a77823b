using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GrpcChat.Bench.Hostile;

/// <summary>
/// An HTTP/2 connection whose owner writes the frames itself, also such as no library sends. What the server sends is
/// read and looked at, but for flow control.
/// </summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    public const byte DataFrame = 0;
    public const byte HeadersFrame = 1;
    public const byte PriorityFrame = 2;
    public const byte ResetFrame = 3;
    public const byte SettingsFrame = 4;
    public const byte PingFrame = 6;
    public const byte GoAwayFrame = 7;
    public const byte WindowUpdateFrame = 8;
    public const byte ContinuationFrame = 9;

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    /// <summary>The largest window: the server may send as much as it likes.</summary>
    public const int MaxWindow = int.MaxValue;

    private const int DefaultWindow = 65_535;
    private const int HeaderBytes = 9;

    private readonly Socket socket;
    private readonly NetworkStream stream;
    private readonly HashSet<int> ended = [];
    private readonly Task reading;
    private byte[] batch = new byte[64 * 1024];
    private int batched;
    private int lastStream = -1;
    private int endedCount;

    private RawHttp2(Socket socket, bool reads)
    {
        this.socket = socket;
        stream = new NetworkStream(socket);
        reading = reads ? ReadAllAsync() : Task.Delay(Timeout.Infinite);
    }

    /// <summary>Completes when the server has closed the connection.</summary>
    public Task Closed => reading;

    /// <summary>The error code of the server's GOAWAY; null = there was none.</summary>
    public int? GoAway { get; private set; }

    /// <summary>The streams that the server has ended or reset.</summary>
    public int Ended => Volatile.Read(ref endedCount);

    /// <summary>Connects, and sends the preface.</summary>
    /// <param name="address">The server's.</param>
    /// <param name="from">This side's address; null = the system's choice.</param>
    /// <param name="reads">Whether to read what the server sends.</param>
    /// <param name="window">How much the server may send on one stream.</param>
    public static async Task<RawHttp2> ConnectAsync(
        Uri address, IPAddress? from = null, bool reads = true, int window = MaxWindow)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (from is not null)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }

            await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new RawHttp2(socket, reads);
        connection.AddBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        connection.AddSettings(window);
        connection.AddNumber(WindowUpdateFrame, 0, MaxWindow - DefaultWindow);
        await connection.FlushAsync();
        return connection;
    }

    /// <summary>Adds a frame to those that are sent with the next flush.</summary>
    public void Add(byte kind, byte flags, int streamId, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteInt32BigEndian(header, payload.Length << 8);
        (header[3], header[4]) = (kind, flags);
        BinaryPrimitives.WriteInt32BigEndian(header[5..], streamId);
        AddBytes(header);
        AddBytes(payload);
    }

    /// <summary>Adds settings with one value, the window of a stream.</summary>
    public void AddSettings(int window)
    {
        const ushort InitialWindowSize = 4;
        Span<byte> setting = stackalloc byte[sizeof(ushort) + sizeof(int)];
        BinaryPrimitives.WriteUInt16BigEndian(setting, InitialWindowSize);
        BinaryPrimitives.WriteInt32BigEndian(setting[sizeof(ushort)..], window);
        Add(SettingsFrame, 0, 0, setting);
    }

    /// <summary>Adds a frame whose payload is one number: a window update or a reset.</summary>
    public void AddNumber(byte kind, int streamId, int number)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, number);
        Add(kind, 0, streamId, payload);
    }

    /// <summary>Adds the headers of a call, and returns the id of its stream.</summary>
    /// <param name="method">The name of the chat's method.</param>
    /// <param name="flags">Of the frame.</param>
    /// <param name="metadata">Key, value, key, value, …, in Latin-1.</param>
    public int AddCall(string method, byte flags = EndHeaders, params string[] metadata)
    {
        lastStream += 2;
        string[] headers =
        [
            ":method", "POST", ":scheme", "http", ":path", $"/chat.v1.ChatService/{method}", ":authority", "localhost",
            "te", "trailers", "content-type", "application/grpc", .. metadata,
        ];
        Add(HeadersFrame, flags, lastStream, Encode(headers));
        return lastStream;
    }

    /// <summary>Adds bytes of a stream, in frames of 16 KiB.</summary>
    public void AddData(int streamId, ReadOnlySpan<byte> bytes)
    {
        const int MaxFrame = 16 * 1024;
        for (; bytes.Length > 0; bytes = bytes[Math.Min(MaxFrame, bytes.Length)..])
        {
            Add(DataFrame, 0, streamId, bytes[..Math.Min(MaxFrame, bytes.Length)]);
        }
    }

    /// <summary>Headers as literals without Huffman code or index.</summary>
    public static byte[] Encode(params string[] headers)
    {
        var block = new List<byte>();
        foreach (var pair in headers.Chunk(2))
        {
            block.Add(0);
            Text(pair[0]);
            Text(pair[1]);
        }

        return [.. block];

        void Text(string text)
        {
            const int Prefix = 127;
            var length = text.Length;
            if (length < Prefix)
            {
                block.Add((byte)length);
            }
            else
            {
                block.Add(Prefix);
                for (length -= Prefix; length >= 128; length >>= 7)
                {
                    block.Add((byte)(length | 128));
                }

                block.Add((byte)length);
            }

            block.AddRange(Encoding.Latin1.GetBytes(text));
        }
    }

    /// <summary>Sends what has been added.</summary>
    public async ValueTask FlushAsync()
    {
        await stream.WriteAsync(batch.AsMemory(0, batched));
        batched = 0;
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        socket.Dispose();
        await Task.WhenAny(reading, Task.Delay(1));
    }

    private void AddBytes(ReadOnlySpan<byte> bytes)
    {
        if (batched + bytes.Length > batch.Length)
        {
            Array.Resize(ref batch, Math.Max(2 * batch.Length, batched + bytes.Length));
        }

        bytes.CopyTo(batch.AsSpan(batched));
        batched += bytes.Length;
    }

    private async Task ReadAllAsync()
    {
        await Task.Yield();
        var header = new byte[HeaderBytes];
        var payload = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false) == HeaderBytes)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
                await stream.ReadExactlyAsync(payload.AsMemory(0, length));
                var id = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
                if (header[3] == GoAwayFrame)
                {
                    GoAway = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(sizeof(int)));
                }
                else if (header[3] == ResetFrame || (header[3] is DataFrame or HeadersFrame && (header[4] & EndStream) != 0))
                {
                    Volatile.Write(ref endedCount, endedCount + (ended.Add(id) ? 1 : 0));
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Closed, by one side or the other.
        }
    }
}
