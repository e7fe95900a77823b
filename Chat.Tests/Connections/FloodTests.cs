using System.Net;
using Grpc.Net.Client;
using GrpcChat.Bench.Hostile;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Connections;

/// <summary>Clients that flood their connection lose it, and others do not notice.</summary>
public sealed class FloodTests
{
    public static TheoryData<string> Names => [.. FrameFlood.All.Select(flood => flood.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_connection_that_floods_is_closed_and_others_are_not(string flood)
    {
        await using var server = await ChatServer.StartAsync();

        // For some the web server has a limit of its own, and lines for it.
        server.ExpectErrors();
        await using var ann = await server.JoinAsync("ann");
        var frames = FrameFlood.All.Single(known => known.Name == flood);
        await using var raw = await RawHttp2.ConnectAsync(server.Address, window: frames.Window);
        using var limit = new CancellationTokenSource(ChatCall.Deadline);
        try
        {
            await frames.RunAsync(raw, limit.Token);
        }
        catch (IOException)
        {
            // Closed while it was writing.
        }

        await raw.Closed.WaitAsync(ChatCall.Deadline);
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task Header_blocks_that_are_too_large_close_their_connection_at_most_and_no_other()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");

        // One that is too large as sent, one that is only as decoded: its reference to an entry of the table takes one
        // byte.
        await using var large = await RawHttp2.ConnectAsync(server.Address);
        large.AddCall("Chat", 0);
        var part = RawHttp2.Encode("x-large", new string('x', 8000));
        for (var i = 0; i < 8; i++)
        {
            large.Add(RawHttp2.ContinuationFrame, 0, 1, part);
        }

        await large.FlushAsync();
        await using var bomb = await RawHttp2.ConnectAsync(server.Address);
        byte[] indexed = [0x40, .. RawHttp2.Encode("x-bomb", new string('x', 3000)).AsSpan(1), .. Enumerable.Repeat((byte)0xbe, 12_000)];
        bomb.Add(RawHttp2.HeadersFrame, RawHttp2.EndHeaders, 1, indexed);
        await bomb.FlushAsync();

        await large.Closed.WaitAsync(ChatCall.Deadline);
        await bomb.Closed.WaitAsync(ChatCall.Deadline);
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task A_client_that_cancels_all_its_streams_at_once_keeps_its_connection()
    {
        await using var server = await ChatServer.StartAsync();
        using var connection = new SocketsHttpHandler();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = connection });
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.UntilAsync(c => c.Joined.Count == 1);

        var calls = Enumerable.Range(0, 900).Select(_ => new ChatCall(channel, "user", "bob")).ToList();
        await Task.WhenAll(calls.Select(call => call.UntilAsync(c => c.Joined.Count == 1)));
        foreach (var call in calls)
        {
            await call.DisposeAsync();
        }

        await server.UntilStreamsAsync(1);
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task An_address_that_floods_is_refused_for_a_while_and_other_addresses_are_not()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        var attacker = IPAddress.Parse("127.0.0.2");
        await using (var raw = await RawHttp2.ConnectAsync(service.Address, attacker))
        {
            try
            {
                while (!raw.Closed.IsCompleted)
                {
                    raw.Add(RawHttp2.PingFrame, 0, 0, new byte[8]);
                    await raw.FlushAsync();
                }
            }
            catch (IOException)
            {
                // Closed.
            }
        }

        await using var again = await ConnectAsync(attacker);
        await (again?.Closed ?? Task.CompletedTask).WaitAsync(ChatCall.Deadline);
        await using var other = await RawHttp2.ConnectAsync(service.Address, IPAddress.Parse("127.0.0.3"));
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.False(other.Closed.IsCompleted);

        var (_, errors, _) = await service.TerminateAsync();
        Assert.Contains("Closed the connection of 127.0.0.2", errors, StringComparison.Ordinal);

        async Task<RawHttp2?> ConnectAsync(IPAddress from)
        {
            try
            {
                return await RawHttp2.ConnectAsync(service.Address, from);
            }
            catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException)
            {
                return null;
            }
        }
    }
}
