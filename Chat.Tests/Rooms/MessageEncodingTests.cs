using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Rooms;

public sealed class MessageEncodingTests
{
    [Fact]
    public void A_row_is_encoded_as_protobuf_encodes_the_message()
    {
        var random = new Random(20261122);
        for (var n = 0; n < 2000; n++)
        {
            var isErased = n % 4 == 0;
            var message = new Message
            {
                Room = Letters(random, 64),
                Id = random.NextInt64(1, 1L << random.Next(1, 40)),
                Sender = Letters(random, 64),
                Text = isErased ? "" : Letters(random, random.Next(2) == 0 ? 200 : 16_384),
                ClientOffset = Letters(random, 128),
                SentAt = Timestamp.FromDateTimeOffset(RandomTime(random)),
                Erased = isErased,
            };

            var frame = new Frame();
            frame.BeginPage(Frame.MaxBytes);
            Assert.True(frame.TryAdd(new MessageRow
            {
                Room = Encoding.UTF8.GetBytes(message.Room),
                Id = message.Id,
                Sender = Encoding.UTF8.GetBytes(message.Sender),
                Text = Encoding.UTF8.GetBytes(message.Text),
                ClientOffset = Encoding.UTF8.GetBytes(message.ClientOffset),
                SentAt = LogTime.ToMicroseconds(message.SentAt.ToDateTimeOffset()),
                IsErased = isErased,
            }));

            var bytes = new ArrayBufferWriter<byte>();
            frame.CopyTo(bytes);
            frame.Clear();
            Assert.Equal(new ChatResponse { Messages = { message } }.ToByteArray(), bytes.WrittenSpan.ToArray());
        }
    }

    // Includes whole seconds, the epoch itself and times before it.
    private static DateTimeOffset RandomTime(Random random)
    {
        var seconds = random.NextInt64(-1_000_000, 2_000_000_000);
        var microseconds = random.Next(3) == 0 ? 0 : random.Next(1_000_000);
        return DateTimeOffset.UnixEpoch.AddSeconds(random.Next(50) == 0 ? 0 : seconds).AddMicroseconds(microseconds);
    }

    private static string Letters(Random random, int most)
    {
        var letters = new StringBuilder();
        var length = random.Next(1, most / 4 + 1);
        for (var n = 0; n < length; n++)
        {
            letters.Append(new Rune[] { new('a'), new('é'), new('世'), new(0x1F44B) }[random.Next(4)]);
        }

        return letters.ToString();
    }
}
