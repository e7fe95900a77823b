using System.Buffers;
using System.IO.Compression;
using System.Text;
using Grpc.Core;
using Grpc.Net.Compression;
using Xunit;

namespace Chat.Tests.StandIns;

public class MessageContractTests
{
    public static TheoryData<string> Encodings => ["gzip", "deflate"];

    [Fact]
    public void A_marshaller_of_byte_arrays_works_on_contexts_too()
    {
        var marshaller = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);
        var context = new Context();

        marshaller.ContextualSerializer("\u00e9", context);

        Assert.Equal("\u00e9"u8.ToArray(), context.Written);
    }

    [Fact]
    public void A_marshaller_of_contexts_does_not_work_on_byte_arrays()
    {
        var marshaller = Marshallers.Create<string>((_, context) => context.Complete([]), _ => "");

        Assert.Throws<NotImplementedException>(() => marshaller.Serializer("a"));
        Assert.Throws<NotImplementedException>(() => marshaller.Deserializer([]));
    }

    [Fact]
    public void A_context_that_overrides_nothing_refuses_messages_and_ignores_their_size()
    {
        var context = new BareContext();

        context.SetPayloadLength(1);
        Assert.Throws<NotImplementedException>(() => context.Complete([]));
        Assert.Throws<NotImplementedException>(context.GetBufferWriter);
        Assert.Throws<NotImplementedException>(context.Complete);
    }

    [Fact]
    public async Task A_writer_that_cannot_cancel_refuses_a_token_that_can()
    {
        using var cancelling = new CancellationTokenSource();
        var writer = new ListWriter();
        IAsyncStreamWriter<string> contract = writer;

        await contract.WriteAsync("a", CancellationToken.None);
        await Assert.ThrowsAsync<NotSupportedException>(() => contract.WriteAsync("b", cancelling.Token));

        Assert.Equal(["a"], writer.Written);
    }

    [Fact]
    public async Task Reading_all_gives_every_message_and_passes_the_token_on()
    {
        using var cancelling = new CancellationTokenSource();
        var reader = new ListReader("a", "b");

        var read = new List<string>();
        await foreach (var message in reader.ReadAllAsync(cancelling.Token))
            read.Add(message);

        Assert.Equal(["a", "b"], read);
        Assert.Equal(cancelling.Token, reader.LastToken);
        Assert.Throws<ArgumentNullException>(() => ((IAsyncStreamReader<string>)null!).ReadAllAsync(cancelling.Token));
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void What_a_provider_compresses_it_decompresses_and_both_leave_the_stream_open(string encoding)
    {
        var provider = Provider(encoding);
        var message = Encoding.UTF8.GetBytes(new string('z', 10_000));
        using var compressed = new MemoryStream();

        using (var stream = provider.CreateCompressionStream(compressed, null))
            stream.Write(message);
        Assert.InRange(compressed.Length, 1, 1_000);
        compressed.Position = 0;
        using var decompressed = new MemoryStream();
        using (var stream = provider.CreateDecompressionStream(compressed))
            stream.CopyTo(decompressed);

        Assert.Equal(message, decompressed.ToArray());
        Assert.True(compressed.CanRead);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void The_level_of_a_call_overrides_the_level_of_the_provider(string encoding)
    {
        var message = Encoding.UTF8.GetBytes(new string('z', 10_000));

        Assert.InRange(Compress(null), 1, 1_000);
        Assert.InRange(Compress(CompressionLevel.NoCompression), 10_000, 11_000);

        long Compress(CompressionLevel? level)
        {
            using var compressed = new MemoryStream();
            using (var stream = Provider(encoding).CreateCompressionStream(compressed, level))
                stream.Write(message);
            return compressed.Length;
        }
    }

    [Fact]
    public void Deflate_is_in_the_zlib_format()
    {
        using var compressed = new MemoryStream();
        using (var stream = Provider("deflate").CreateCompressionStream(compressed, null))
            stream.Write("abc"u8);

        Assert.Equal(0x78, compressed.ToArray()[0]);
    }

    private static ICompressionProvider Provider(string encoding)
    {
        ICompressionProvider[] all =
        [
            new GzipCompressionProvider(CompressionLevel.Optimal),
            new DeflateCompressionProvider(CompressionLevel.Optimal),
        ];
        return all.Single(p => p.EncodingName == encoding);
    }

    private sealed class BareContext : SerializationContext { }

    private sealed class Context : SerializationContext
    {
        public byte[]? Written { get; private set; }

        public override void Complete(byte[] payload) => Written = payload;
    }

    private sealed class ListWriter : IServerStreamWriter<string>
    {
        public List<string> Written { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(string message)
        {
            Written.Add(message);
            return Task.CompletedTask;
        }
    }

    private sealed class ListReader(params string[] messages) : IAsyncStreamReader<string>
    {
        private int next;

        public string Current => messages[next - 1];

        public CancellationToken LastToken { get; private set; }

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            LastToken = cancellationToken;
            return Task.FromResult(next++ < messages.Length);
        }
    }
}
