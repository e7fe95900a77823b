using Grpc.Net.Client;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Load;

/// <summary>
/// The promises, checked in the room that is under the benchmark's load: 8 senders with 64 sends in flight each, while
/// every receiver checks that every message is the next one.
/// </summary>
public sealed class UnderLoadTests
{
    private const string Room = ClientSetup.DefaultRoom;
    private const int Senders = 8;
    private const int InFlight = 64;
    private const int Turns = 40;
    private const int Resumes = 20;

    [Theory]
    [InlineData(8)]
    [InlineData(100)]
    public async Task The_promises_hold_under_8_senders_with_64_in_flight(int receivers)
    {
        await using var server = await new GrpcChatPeer().StartAsync(new PeerSetup());
        using var channel = GrpcChannel.ForAddress(((GrpcPeerServer)server).Address);
        await using var crowd = new Crowd();
        await crowd.AddReceiversAsync(server, receivers, inOrder: true);
        await crowd.AddSendersAsync(server, Senders, InFlight);
        await using var traffic = Traffic.Start(crowd);

        var inTurn = WhatIsAckedInTurnAsync(channel);
        await crowd.PassAsync(Task.WhenAll(inTurn, EveryResumeGetsWhatFollowsAsync(channel)), ChatCall.Deadline, default);
        await traffic.StopAsync(ChatCall.Deadline, default);
        Assert.Null(await crowd.ArriveAsync(crowd.Acked + Turns, ChatCall.Deadline, default));
        await TheLogHasAsync(channel, await inTurn, crowd.Receivers[0].LastId);
    }

    // Two senders in turn. A message that was acked before the next one is sent has the smaller id. A repetition gets
    // the same id. A different text with the same client offset is refused.
    private static async Task<Dictionary<string, long>> WhatIsAckedInTurnAsync(GrpcChannel channel)
    {
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await using var bob = new ChatCall(channel, "user", "bob", "room", "-");
        var ids = new Dictionary<string, long>();
        for (var turn = 0; turn < Turns; turn++)
        {
            var call = turn % 2 == 0 ? ann : bob;
            var offset = $"turn-{turn}";
            var text = offset.PadRight(BenchText.Bytes); // the length that the receivers expect
            await call.SendManyAsync(Room, [(offset, text)]);
            Assert.True(call.Acks[^1].Id > ids.Values.LastOrDefault());
            Assert.False(call.Acks[^1].Duplicate);
            ids.Add(offset, call.Acks[^1].Id);

            await call.SendManyAsync(Room, [(offset, text)]);
            Assert.True(call.Acks[^1].Duplicate);
            Assert.Equal(ids[offset], call.Acks[^1].Id);

            await call.SendManyAsync(Room, [(offset, "something else")]);
            Assert.Equal(Reason.OffsetReused, call.Refusals[^1].Reason);
        }

        return ids;
    }

    private static async Task EveryResumeGetsWhatFollowsAsync(GrpcChannel channel)
    {
        var (last, logId) = (0L, "");
        for (var resume = 0; resume < Resumes; resume++)
        {
            await using var reader = new ChatCall(
                channel, "user", "resumer", "room", Room, "last-seen-id", $"{last}", "log-id", logId);
            var first = last + 1;
            await reader.UntilAsync(c => c.Messages.Count >= 500);
            Assert.Equal(Resume.Complete, reader.Joined[0].Resume);
            Assert.Equal(Enumerable.Range(0, reader.Messages.Count).Select(n => first + n), reader.Ids(Room));
            (last, logId) = (reader.Messages[^1].Id, reader.Joined[0].LogId);
        }
    }

    private static async Task TheLogHasAsync(GrpcChannel channel, Dictionary<string, long> acked, long head)
    {
        await using var reader = new ChatCall(channel, "user", "late", "room", Room);
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(Enumerable.Range(1, (int)head).Select(id => (long)id), reader.Ids(Room));
        var inTurn = reader.Messages.Where(message => message.Sender is "ann" or "bob");
        Assert.Equal(acked, inTurn.ToDictionary(message => message.ClientOffset, message => message.Id));
        Assert.Equal(head, reader.Messages.Select(message => (message.Sender, message.ClientOffset)).Distinct().Count());
    }
}
