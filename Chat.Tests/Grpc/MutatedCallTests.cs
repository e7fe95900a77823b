using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>
/// Calls as clients make them, in which bytes of the frames and of the metadata were changed at random.
/// </summary>
public sealed class MutatedCallTests(ITestOutputHelper output)
{
    private const int DefaultCalls = 2_000;
    private const int CallsPerServer = 2_000; // or joins would read the messages of all earlier calls
    private const int Seed = 12;
    private const int Concurrency = 16;

    // For a longer run: CHAT_MUTATIONS=100000 dotnet test Chat.Tests --filter FullyQualifiedName~MutatedCallTests
    private static readonly int Calls = int.Parse(
        Environment.GetEnvironmentVariable("CHAT_MUTATIONS") ?? $"{DefaultCalls}", CultureInfo.InvariantCulture);

    // What a client may be told about a call that it made wrong. The rest says that the service is at fault.
    private static readonly StatusCode[] Proper =
    [
        StatusCode.OK, StatusCode.InvalidArgument, StatusCode.AlreadyExists, StatusCode.FailedPrecondition,
        StatusCode.ResourceExhausted, StatusCode.Unimplemented,
    ];

    [Fact]
    public async Task Calls_that_were_changed_at_random_end_with_a_proper_status_and_end_no_other()
    {
        var statuses = new ConcurrentDictionary<StatusCode, int>();
        for (var first = 0; first < Calls; first += CallsPerServer)
        {
            await using var server = await ChatServer.StartAsync();
            using var connection = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 };
            using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = connection });
            await using var good = new ChatCall(channel, "user", "good", "room", "good");
            await good.UntilAsync(call => call.Joined.Count == 1);

            await Parallel.ForEachAsync(
                Enumerable.Range(first, Math.Min(CallsPerServer, Calls - first)),
                new ParallelOptions { MaxDegreeOfParallelism = Concurrency },
                async (number, _) =>
                {
                    var call = Change(new Random((Seed << 24) + number));
                    var status = await RawCall.PostAsync(
                        connection, server.Address, call.Method, new ByteArrayContent(call.Body), call.Metadata);
                    Assert.True(Proper.Contains(status), $"call {number}, {call}, ended with {status}");
                    statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
                });

            await good.SendManyAsync("good", [("k", "still here")]);
            Assert.Single(good.Acks);
        }

        output.WriteLine(string.Join(", ", statuses.OrderBy(status => status.Key).Select(status => $"{status.Value} {status.Key}")));
        Assert.True(statuses.GetValueOrDefault(StatusCode.OK) > Calls / 20, "Hardly any call is still valid.");
        Assert.True(statuses.GetValueOrDefault(StatusCode.InvalidArgument) > Calls / 20, "Hardly any call is wrong.");
    }

    private static ChangedCall Change(Random random)
    {
        var call = random.Next(3) == 0 ? UnaryCall(random) : StreamCall(random);
        if (random.Next(4) > 0 || call.Metadata.Length == 0)
        {
            return call with { Body = Change(random, call.Body) };
        }

        var changed = random.Next(call.Metadata.Length);
        call.Metadata[changed].Value = ToHeader(Change(random, Encoding.Latin1.GetBytes(call.Metadata[changed].Value)));
        return call;
    }

    private static ChangedCall StreamCall(Random random) => new(
        "Chat",
        [.. Enumerable.Range(0, random.Next(1, 4)).SelectMany(_ => Frame(Pick(random, CallSeeds.Requests)))],
        [.. Pick(random, CallSeeds.Metadata)]);

    private static ChangedCall UnaryCall(Random random)
    {
        var (method, request) = Pick(random, CallSeeds.Unary);
        return new(method, Frame(request), [("user", "ann")]);
    }

    private static byte[] Change(Random random, byte[] bytes)
    {
        List<byte> changed = [.. bytes];
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var (at, count) = (random.Next(changed.Count + 1), random.Next(1, 9));
            count = Math.Min(count, changed.Count - at);
            switch (random.Next(6))
            {
                case 0 when count > 0:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when count > 0:
                    changed[at] = Pick(random, (byte[])[0, 1, 0x7f, 0x80, 0xff, (byte)random.Next(256)]);
                    break;
                case 2:
                    changed.RemoveRange(at, count);
                    break;
                case 3:
                    changed.InsertRange(at, changed.GetRange(at, count));
                    break;
                case 4:
                    var inserted = new byte[random.Next(1, 9)];
                    random.NextBytes(inserted);
                    changed.InsertRange(at, inserted);
                    break;
                case 5 when random.Next(4) == 0:
                    changed.RemoveRange(at, changed.Count - at);
                    break;
            }
        }

        return [.. changed];
    }

    private static byte[] Frame(IMessage message)
    {
        var frame = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.CalculateSize());
        return [.. frame, .. message.ToByteArray()];
    }

    // Without control characters, which no HTTP client would let through.
    private static string ToHeader(byte[] bytes) =>
        string.Concat(Encoding.Latin1.GetString(bytes).Select(c => char.IsControl(c) ? '~' : c));

    private static T Pick<T>(Random random, IReadOnlyList<T> list) => list[random.Next(list.Count)];

    private sealed record ChangedCall(string Method, byte[] Body, (string Key, string Value)[] Metadata)
    {
        public override string ToString() =>
            $"{Method} [{string.Join(", ", Metadata)}] {Convert.ToHexString(Body)}";
    }
}
