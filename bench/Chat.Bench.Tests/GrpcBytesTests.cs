using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using GrpcChat.Bench.Peers;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>The load generator's own encoding and decoding agrees with the generated code.</summary>
public sealed class GrpcBytesTests
{
    [Fact]
    public void Sends_written_as_bytes_are_a_request()
    {
        var bytes = new SendEncoder("room-1").Encode(first: 99, count: 3, intendedAt: 0x1234).Span;

        Assert.Equal(0, bytes[0]);
        Assert.Equal(bytes.Length - GrpcStream.PrefixBytes, BinaryPrimitives.ReadInt32BigEndian(bytes[1..]));
        var request = ChatRequest.Parser.ParseFrom(bytes[GrpcStream.PrefixBytes..]);
        Assert.Equal(3, request.Sends.Count);
        Assert.All(request.Sends, send => Assert.Equal(("room-1", BenchText.Of(0x1234)), (send.Room, send.Text)));
        Assert.Equal(["99", "100", "101"], request.Sends.Select(send => send.ClientOffset.Split('-')[1]));
        Assert.Single(request.Sends.Select(send => send.ClientOffset.Split('-')[0]).Distinct());
    }

    [Fact]
    public void Sends_to_the_joined_room_name_none_and_each_client_has_its_own_offsets()
    {
        var (one, other) = (new SendEncoder(""), new SendEncoder(""));

        var sends = new[] { one, other }
            .Select(encoder => ChatRequest.Parser.ParseFrom(encoder.Encode(0, 1, 0).Span[GrpcStream.PrefixBytes..]).Sends.Single())
            .ToList();

        Assert.All(sends, send => Assert.Equal("", send.Room));
        Assert.NotEqual(sends[0].ClientOffset, sends[1].ClientOffset);
    }

    [Fact]
    public void A_response_is_scanned_message_by_message()
    {
        var response = new ChatResponse { Heartbeat = new Heartbeat() };
        response.Joined.Add(new Joined { Room = "room-1", LogId = "log", HeadId = 300 });
        response.Messages.Add(Message(299));
        response.Messages.Add(Message(300));
        response.CaughtUp.Add(new CaughtUp { Room = "room-1", Id = 300 });
        response.Acks.Add(new Ack { Room = "room-1", ClientOffset = "a-1-12345", Id = 300 });
        var heard = new Heard();

        Assert.True(new ResponseScanner(response.ToByteArray()).Scan(heard));

        Assert.Equal(["message 299 text-299", "message 300 text-300", "caught up", "ack 12345"], heard.Lines);
    }

    [Fact]
    public void A_refusal_and_a_GoAway_are_errors_that_say_why()
    {
        var refused = new ChatResponse();
        refused.Refusals.Add(new Refusal { ClientOffset = "a-1", Detail = "too many rooms" });
        var leaving = new ChatResponse { GoAway = new GoAway { Detail = "stopping" } };

        Assert.Contains("too many rooms", Assert.Throws<InvalidDataException>(() => Scan(refused)).Message, StringComparison.Ordinal);
        Assert.Contains("stopping", Assert.Throws<InvalidDataException>(() => Scan(leaving)).Message, StringComparison.Ordinal);
    }

    private static bool Scan(ChatResponse response) => new ResponseScanner(response.ToByteArray()).Scan(new Heard());

    private static Message Message(long id) => new()
    {
        Room = "room-1",
        Id = id,
        Sender = "ann",
        Text = $"text-{id}",
        SentAt = new() { Seconds = 1 },
        ClientOffset = $"a-{id}",
    };

    private sealed class Heard : IArrivals
    {
        public List<string> Lines { get; } = [];

        public void Message(long id, ReadOnlySpan<byte> text) => Lines.Add($"message {id} {Encoding.UTF8.GetString(text)}");

        public void Ack(long number) => Lines.Add($"ack {number}");

        public bool CaughtUp()
        {
            Lines.Add("caught up");
            return true;
        }
    }
}
