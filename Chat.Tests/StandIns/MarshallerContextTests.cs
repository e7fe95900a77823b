using System.Buffers;
using System.Text;
using Grpc.Core;
using Xunit;
using static Chat.Tests.StandIns.TextMethods;

namespace Chat.Tests.StandIns;

public class MarshallerContextTests
{
    // Larger than any one buffer of the transport.
    private static readonly string Long = new('\u00e9', 100_000);

    private static readonly Marshaller<string> Pieces = Marshallers.Create<string>(
        (text, context) =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var writer = context.GetBufferWriter();
            foreach (var piece in bytes.Chunk(1_000))
                writer.Write(piece);
            context.Complete();
        },
        context => Encoding.UTF8.GetString(context.PayloadAsReadOnlySequence()));

    private static readonly Marshaller<string> Announced = Marshallers.Create<string>(
        (text, context) =>
        {
            context.SetPayloadLength(Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, context.GetBufferWriter());
            context.Complete();
        },
        context =>
        {
            var payload = context.PayloadAsNewBuffer();
            Assert.Equal(context.PayloadLength, payload.Length);
            return Encoding.UTF8.GetString(payload);
        });

    private static readonly Marshaller<string> AtOnce = Marshallers.Create<string>(
        (text, context) => context.Complete(Encoding.UTF8.GetBytes(text)),
        context => Encoding.UTF8.GetString(context.PayloadAsReadOnlySequence()));

    public static TheoryData<string> Ways => ["pieces", "announced", "at once"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_message_goes_through_the_buffers_of_the_transport_and_back(string way)
    {
        var marshaller = way switch { "pieces" => Pieces, "announced" => Announced, _ => AtOnce };
        var method = new Method<string, string>(MethodType.Unary, ServiceName, way.Split()[0], marshaller, marshaller);
        await using var server = await TextServer.StartAsync(
            methods => methods.AddMethod(method, (request, _) => Task.FromResult(request)));

        Assert.Equal(Long, await server.Invoker.AsyncUnaryCall(method, null, Bounded, Long));
        Assert.Equal("", await server.Invoker.AsyncUnaryCall(method, null, Bounded, ""));
    }

    [Fact]
    public async Task A_client_on_contexts_and_a_server_on_byte_arrays_understand_each_other()
    {
        var method = new Method<string, string>(MethodType.Unary, ServiceName, Unary.Name, Pieces, Announced);
        await using var server = await TextServer.StartAsync((request, _) => Task.FromResult(request + "!"));

        Assert.Equal(Long + "!", await server.Invoker.AsyncUnaryCall(method, null, Bounded, Long));
    }
}
