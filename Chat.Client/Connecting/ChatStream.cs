using Chat.Client.Delivery;
using Chat.V1;
using Grpc.Core;

namespace Chat.Client.Connecting;

/// <summary>
/// One stream: a loop that writes joins, then everything unanswered, then what is new, and one that reads, hands on, and
/// notices when nothing comes any more.
/// </summary>
internal sealed class ChatStream(Outbox outbox, FollowedRooms rooms, EventQueue events, WakeSignal wakeUp, ChatClientOptions options)
{
    // Far below the service's limit of 1 MiB, and large enough for some hundred messages at once.
    private const int BytesOfRequest = 64 * 1024;
    private const double SilentIntervals = 2.5;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    private TimeSpan silenceLimit = options.FirstFrameTimeout;
    private GoAway? goAway;

    /// <summary>The service has answered.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>When it did, by the clock's timestamp.</summary>
    public long ConnectedAt { get; private set; }

    /// <summary>Something was sent on this stream.</summary>
    public bool HasSent { get; private set; }

    /// <summary>Runs until the stream ends or the client stops.</summary>
    /// <param name="channel">The connection.</param>
    /// <param name="headers">Who calls.</param>
    /// <param name="address">Where it goes to, for sentences.</param>
    /// <param name="holdSends">How long nothing must be sent.</param>
    /// <param name="connected">Called with the first frame.</param>
    /// <param name="stopping">The client stops.</param>
    public async Task<StreamEnd> RunAsync(
        ChannelBase channel, Metadata headers, string address, TimeSpan holdSends, Action connected, CancellationToken stopping)
    {
        outbox.Rewind();
        rooms.Rewind();
        using var silence = new CancellationTokenSource(silenceLimit, options.TimeProvider);
        using var sessionEnded = CancellationTokenSource.CreateLinkedTokenSource(stopping, silence.Token);
        headers.Add("room", "-");
        using var call = new ChatService.ChatServiceClient(channel).Chat(headers, cancellationToken: sessionEnded.Token);
        var writing = WriteAsync(call.RequestStream, holdSends, sessionEnded);
        try
        {
            while (await call.ResponseStream.MoveNext(sessionEnded.Token))
            {
                // What is done with a frame is no silence of the service.
                silence.CancelAfter(Timeout.InfiniteTimeSpan);
                if (Take(call.ResponseStream.Current, connected) is { } wrong)
                {
                    ClientMetrics.WrongIds.Add(1);
                    return new StreamEnd(ProblemKind.WrongId, $"the service at {address} broke the order: {wrong}; coming back to the last good one");
                }

                silence.CancelAfter(silenceLimit);
            }

            return goAway is not null
                ? Problems.Of(goAway)
                : new StreamEnd(ProblemKind.EndedByService, "the service ended the stream without a reason");
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException or IOException)
        {
            return End(error, address, isSilent: silence.IsCancellationRequested && !stopping.IsCancellationRequested);
        }
        finally
        {
            await sessionEnded.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // What ended it, the reader was told.
        }
    }

    private StreamEnd End(Exception error, string address, bool isSilent)
    {
        if (goAway is not null)
        {
            return Problems.Of(goAway);
        }

        if (isSilent)
        {
            return new StreamEnd(ProblemKind.Silent, $"nothing came from {address} for {silenceLimit.TotalSeconds:0.#} s");
        }

        return error is RpcException rpc
            ? Problems.Of(rpc, address, IsConnected)
            : new StreamEnd(ProblemKind.Broken, $"the connection to {address} broke");
    }

    private async Task WriteAsync(IClientStreamWriter<ChatRequest> requests, TimeSpan holdSends, CancellationTokenSource sessionEnded)
    {
        try
        {
            await WriteAsync(requests, holdSends, sessionEnded.Token);
        }
        catch (Exception error) when (error is not (RpcException or OperationCanceledException or IOException or InvalidOperationException))
        {
            // A defect of the client's own. The reader, which hears nothing of it, must not go on without this one.
            await sessionEnded.CancelAsync();
            throw;
        }
    }

    private async Task WriteAsync(IClientStreamWriter<ChatRequest> requests, TimeSpan holdSends, CancellationToken sessionEnded)
    {
        var holding = Task.Delay(holdSends, options.TimeProvider, sessionEnded);
        while (true)
        {
            var request = new ChatRequest();
            var hasRooms = rooms.Fill(request);
            var hasSends = holding.IsCompleted && outbox.Fill(request, BytesOfRequest);
            HasSent |= hasSends;
            if (hasRooms || hasSends)
            {
                await requests.WriteAsync(request, sessionEnded);
            }
            else if (holding.IsCompleted)
            {
                await wakeUp.WaitAsync(sessionEnded);
            }
            else
            {
                using var over = CancellationTokenSource.CreateLinkedTokenSource(sessionEnded);
                await Task.WhenAny(holding, wakeUp.WaitAsync(over.Token));
                await over.CancelAsync();
                sessionEnded.ThrowIfCancellationRequested();
            }
        }
    }

    // What is wrong, where something is.
    private string? Take(ChatResponse response, Action connected)
    {
        if (response.Heartbeat?.Interval.ToSpan() is { } interval && interval > TimeSpan.Zero)
        {
            silenceLimit = interval < LongestInterval ? interval * SilentIntervals : LongestInterval;
        }

        goAway = response.GoAway ?? goAway;
        if (!IsConnected)
        {
            IsConnected = true;
            ConnectedAt = options.TimeProvider.GetTimestamp();
            connected();
            rooms.Begin();
        }

        var wrong = rooms.Take(response);

        // Before the acks: an ack may stand for all before it that were not refused.
        foreach (var refusal in response.Refusals)
        {
            if (outbox.Take(refusal, entry => events.Add(entry.ToRefused())))
            {
                ClientMetrics.Refused.Add(1);
            }
        }

        foreach (var ack in response.Acks)
        {
            var isTaken = outbox.Take(ack, entry => events.AddNewest(
                new MessageAcked(entry.Room, entry.ClientOffset, ack.Id, ack.Duplicate), entry.Room));
            if (isTaken)
            {
                ClientMetrics.Sent.Add(1, ClientMetrics.System, ClientMetrics.Send);
            }
        }

        return wrong;
    }
}
