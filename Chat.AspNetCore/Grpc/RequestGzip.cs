using System.IO.Compression;
using Grpc.Net.Compression;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Gzip for requests, up to a ratio that text does not reach. A KiB that inflates to a MiB would let a client spend the
/// service's memory and time a thousand times faster than its own.
/// </summary>
internal sealed class RequestGzip : ICompressionProvider
{
    private const int MaxRatio = 32;

    // Always allowed, because its cost is in proportion to that of a call.
    private const int FreeBytes = 64 * 1024;

    public string EncodingName => "gzip";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new GZipStream(stream, compressionLevel ?? CompressionLevel.Fastest, leaveOpen: true);

    public Stream CreateDecompressionStream(Stream stream) => new Inflating(new Counting(stream));

    /// <summary>Counts the bytes of the compressed message that have been read.</summary>
    private sealed class Counting(Stream compressed) : ReadOnlyStream
    {
        public long Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var read = compressed.Read(buffer);
            Count += read;
            return read;
        }
    }

    /// <summary>Inflates the message until it exceeds the ratio.</summary>
    private sealed class Inflating(Counting compressed) : ReadOnlyStream
    {
        private readonly GZipStream gzip = new(compressed, CompressionMode.Decompress);
        private long count;

        public override int Read(Span<byte> buffer)
        {
            var read = gzip.Read(buffer);
            count += read;
            return count <= FreeBytes + (MaxRatio * compressed.Count) ? read : throw StatusMapper.InflatesTooMuch(MaxRatio);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                gzip.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    private abstract class ReadOnlyStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public abstract override int Read(Span<byte> buffer);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
