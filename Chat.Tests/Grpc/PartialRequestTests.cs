using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>Requests that begin and are not completed.</summary>
public sealed class PartialRequestTests
{
    // Not the length of any other limit, so that a test can wait for its timer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(17);

    [Fact]
    public async Task A_request_that_has_begun_and_stays_incomplete_ends_its_stream_at_the_limit_and_no_other()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.RequestLimit = Limit, time: time);
        using var connection = new SocketsHttpHandler();
        var (whole, part) = (new RequestInPieces(Framed("whole")), new RequestInPieces(Framed("part")[..^1]));
        var others = CallAsync(server, connection, whole);
        var call = CallAsync(server, connection, part);
        await time.UntilDueAsync(Limit);

        time.Advance(Limit);

        Assert.Equal(StatusCode.DeadlineExceeded, await call);
        whole.Send(Framed("more"));
        whole.Complete();
        Assert.Equal(StatusCode.OK, await others);
        Assert.Equal(["whole", "more"], await server.Log.TextsAsync("lobby"));
    }

    [Fact]
    public async Task A_unary_request_that_stays_incomplete_ends_with_the_same_status()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.RequestLimit = Limit, time: time);
        var half = new HalfRequest();
        var call = RawCall.PostAsync(server.Address, "SendMessage", half, ("expect", "100-continue"));
        await half.IsRead.WaitAsync(ChatCall.Deadline);

        time.Advance(Limit);

        Assert.Equal(StatusCode.DeadlineExceeded, await call);
    }

    [Fact]
    public async Task The_time_of_a_request_counts_from_its_own_beginning()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.RequestLimit = Limit, time: time);
        using var connection = new SocketsHttpHandler();
        var (first, second) = (Framed("first"), Framed("second"));
        var request = new RequestInPieces(first[..9]);
        var call = CallAsync(server, connection, request);
        await time.UntilDueAsync(Limit);
        time.Advance(Limit / 2);

        // The end of one request and the beginning of the next in one piece.
        request.Send([.. first[9..], .. second[..9]]);
        await UntilStoredAsync(server, 1);
        time.Advance(Limit / 2);
        await time.UntilDueAsync((Limit / 2) + TimeSpan.FromMilliseconds(1));
        request.Send(second[9..]);
        request.Complete();

        Assert.Equal(StatusCode.OK, await call);
        Assert.Equal(["first", "second"], await server.Log.TextsAsync("lobby"));
    }

    [Fact]
    public async Task Of_the_calls_that_hold_more_than_their_connection_may_one_ends_and_the_other_goes_on()
    {
        await using var server = await ChatServer.StartAsync(options =>
        {
            options.MaxRequestBytes = 64 * 1024;
            options.MaxPartialBytesPerConnection = 64 * 1024;
        });
        using var connection = new SocketsHttpHandler();
        var bytes = Framed(new string('x', 10_000), new string('y', 10_000), new string('z', 15_000));
        RequestInPieces[] requests = [new(bytes[..^1]), new(bytes[..^1])];
        Task<StatusCode>[] calls = [.. requests.Select(request => CallAsync(server, connection, request))];

        var ended = Array.IndexOf(calls, await Task.WhenAny(calls).WaitAsync(ChatCall.Deadline));
        var other = 1 - ended;
        requests[other].Send(bytes[^1]);
        requests[other].Complete();

        Assert.Equal(StatusCode.ResourceExhausted, await calls[ended]);
        Assert.Equal(StatusCode.OK, await calls[other]);

        // What it held is free again, also that of the call that ended.
        var next = new RequestInPieces(bytes[..^1]);
        var call = CallAsync(server, connection, next);
        next.Send(bytes[^1]);
        next.Complete();
        Assert.Equal(StatusCode.OK, await call);
    }

    [Fact]
    public async Task A_thousand_large_requests_that_lack_one_byte_do_not_fill_the_memory()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.UntilAsync(c => c.Joined.Count == 1);
        byte[] part = [0, 0, 0x0f, 0xff, 0xff, .. new byte[(1024 * 1024) - 2]];

        using SocketsHttpHandler first = new(), second = new();
        var calls = new[] { first, second }
            .SelectMany(connection => Enumerable.Range(0, 500).Select(_ => RunAsync(connection)))
            .ToList();
        for (var trip = 0; trip < 200; trip++)
        {
            await ann.SendManyAsync("lobby", [($"k-{trip}", "meanwhile")]);
            await Task.Delay(25);
        }

        var kilobytes = long.Parse(
            (await File.ReadAllLinesAsync($"/proc/{service.Id}/status")).Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
        Assert.InRange(kilobytes, 0, 400_000);
        Assert.Contains(calls, call => call is { IsCompletedSuccessfully: true, Result: StatusCode.ResourceExhausted });

        async Task<StatusCode?> RunAsync(SocketsHttpHandler connection)
        {
            try
            {
                return await RawCall.PostAsync(connection, service.Address, "Chat", new RequestInPieces(part));
            }
            catch (Exception error) when (ChatCall.IsEndOfStream(error) || error is HttpRequestException or TimeoutException)
            {
                // The test is over.
                return null;
            }
        }
    }

    private static Task<StatusCode> CallAsync(ChatServer server, SocketsHttpHandler connection, HttpContent request) =>
        RawCall.PostAsync(connection, server.Address, "Chat", request);

    private static async Task UntilStoredAsync(ChatServer server, long count)
    {
        using var limit = new CancellationTokenSource(ChatCall.Deadline);
        while (server.Log.Size.Messages < count)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    private static byte[] Framed(params string[] texts)
    {
        var request = new ChatRequest
        {
            Sends = { texts.Select(text => new Send { Room = "lobby", ClientOffset = Guid.NewGuid().ToString(), Text = text }) },
        };
        var bytes = request.ToByteArray();
        return [0, 0, (byte)(bytes.Length >> 16), (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
