using System.Buffers;
using System.Buffers.Binary;

namespace GrpcChat.AspNetCore.Connections;

/// <summary>
/// Sees the headers of the frames that a client sends, in whatever pieces they come, and nothing of their content.
/// </summary>
/// <param name="budget">What frames without content are taken from.</param>
internal sealed class FrameScanner(FrameBudget budget)
{
    private const int HeaderBytes = 9;

    // "PRI * HTTP/2.0" and so on. A client that sends anything else is refused by the web server.
    private const int PrefaceBytes = 24;

    // Of a gRPC message. Shorter data does not bring even that, unless it ends the requests or is the rest of a
    // message.
    private const int MessageHeaderBytes = 5;

    private const byte EndStream = 1;
    private const byte Padded = 8;

    private readonly byte[] partHeader = new byte[HeaderBytes];
    private int partLength;
    private long skip = PrefaceBytes;

    /// <summary>
    /// Looks at the next bytes. Returns the kind of the frame that exceeded the budget; null = none did.
    /// </summary>
    public FrameKind? Scan(in ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            if (Scan(piece.Span) is { } kind)
            {
                return kind;
            }
        }

        return null;
    }

    private FrameKind? Scan(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var skipped = (int)Math.Min(skip, bytes.Length);
            skip -= skipped;
            bytes = bytes[skipped..];
            if (bytes.IsEmpty)
            {
                return null;
            }

            scoped ReadOnlySpan<byte> header;
            if (partLength == 0 && bytes.Length >= HeaderBytes)
            {
                header = bytes[..HeaderBytes];
                bytes = bytes[HeaderBytes..];
            }
            else
            {
                var taken = Math.Min(HeaderBytes - partLength, bytes.Length);
                bytes[..taken].CopyTo(partHeader.AsSpan(partLength));
                partLength += taken;
                bytes = bytes[taken..];
                if (partLength < HeaderBytes)
                {
                    return null;
                }

                partLength = 0;
                header = partHeader;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
            var (kind, flags) = ((FrameKind)header[3], header[4]);
            skip = length;
            var isAllowed = kind switch
            {
                // Padding can hide that a frame is empty, and no gRPC client pads.
                FrameKind.Data => (length >= MessageHeaderBytes && (flags & Padded) == 0) || (flags & EndStream) != 0
                    || budget.TryTake(kind),
                FrameKind.Headers => true,
                _ => budget.TryTake(kind),
            };
            if (!isAllowed)
            {
                return kind;
            }
        }
    }
}

/// <summary>The kinds of HTTP/2 frames, by their number.</summary>
internal enum FrameKind
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}
