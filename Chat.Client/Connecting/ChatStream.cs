using System.Net.Http;
using Grpc.Core;
using GrpcChat.Client.Delivery;
using GrpcChat.V1;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// One stream, with two loops: one writes joins, then everything unanswered, then new messages; the other reads, passes
/// on what arrives, and notices when nothing arrives any more.
/// </summary>
internal sealed class ChatStream(
    Outbox outbox, FollowedRooms rooms, WakeSignal wakeUp, LogChanges logs, ChatClientOptions options)
{
    // Far below the service's limit of 1 MiB, and large enough for some hundred messages at once.
    private const int BytesOfRequest = 64 * 1024;
    private const double SilentIntervals = 2.5;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(5);

    private TimeSpan silenceLimit = options.FirstFrameTimeout;
    private GoAway? goAway;

    /// <summary>The service has answered.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>When it did, as a timestamp of the clock.</summary>
    public long ConnectedAt { get; private set; }

    /// <summary>
    /// The service has stored a message that was sent on this stream, or delivered one: if all streams are cut after a
    /// while, each does a part of the work.
    /// </summary>
    public bool HasProgressed { get; private set; }

    /// <summary>A message was sent on this stream.</summary>
    public bool HasSent { get; private set; }

    /// <summary>Runs until the stream ends or the client stops.</summary>
    /// <param name="channel">The connection.</param>
    /// <param name="headers">The caller.</param>
    /// <param name="target">What is called.</param>
    /// <param name="renewal">Says when the stream should end because there is another token.</param>
    /// <param name="holdSends">How long no messages must be sent.</param>
    /// <param name="connected">Called with the first frame.</param>
    /// <param name="stopping">The client stops.</param>
    public async Task<StreamEnd> RunAsync(
        ChannelBase channel,
        Metadata headers,
        Target target,
        TokenRenewal renewal,
        TimeSpan holdSends,
        Action connected,
        CancellationToken stopping)
    {
        silenceLimit = target.HasOthers && options.ConnectTimeout < silenceLimit ? options.ConnectTimeout : silenceLimit;
        outbox.Rewind();
        rooms.Rewind();
        using var silence = new CancellationTokenSource(silenceLimit, options.TimeProvider);
        using var sessionEnded = CancellationTokenSource.CreateLinkedTokenSource(stopping, silence.Token);
        headers.Add("room", "-");
        using var call = new ChatService.ChatServiceClient(channel).Chat(
            headers, cancellationToken: sessionEnded.Token);
        var writing = WriteAsync(call.RequestStream, renewal, holdSends, sessionEnded);
        StreamEnd end;
        try
        {
            end = await ReadAsync(call.ResponseStream, renewal, silence, target, connected, sessionEnded.Token);
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException or IOException)
        {
            end = EndOf(error, target, isSilent: silence.IsCancellationRequested && !stopping.IsCancellationRequested);
        }
        finally
        {
            await sessionEnded.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // Rethrows a defect of the writing loop; what ended the call was also reported to the reading loop.
        await writing;
        return end;
    }

    private async Task<StreamEnd> ReadAsync(
        IAsyncStreamReader<ChatResponse> responses,
        TokenRenewal renewal,
        CancellationTokenSource silence,
        Target target,
        Action connected,
        CancellationToken sessionEnded)
    {
        while (await responses.MoveNext(sessionEnded))
        {
            // The time to process a frame is not the service's silence.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            if (logs.Note(responses.Current, target) is { } otherLog)
            {
                return otherLog;
            }

            if (Take(responses.Current, connected) is { } wrong)
            {
                ClientMetrics.WrongIds.Add(1);
                return new StreamEnd(
                    ProblemKind.WrongId,
                    $"the service at {target} broke the order of messages: {wrong}; "
                        + "reconnecting from the last correct one");
            }

            silence.CancelAfter(silenceLimit);
        }

        if (goAway is not null)
        {
            return Problems.Of(goAway);
        }

        return renewal.IsDue
            ? StreamEnd.Moving
            : new StreamEnd(
                ProblemKind.EndedByService, $"the service at {target} ended the stream without giving a reason");
    }

    private StreamEnd EndOf(Exception error, Target target, bool isSilent) =>
        goAway is not null ? Problems.Of(goAway)
        : isSilent ? Problems.Silence(target, silenceLimit)
        : error is RpcException rpc ? Problems.Of(rpc, target, IsConnected)
        : new StreamEnd(ProblemKind.Broken, $"the connection to {target} broke");

    private async Task WriteAsync(
        IClientStreamWriter<ChatRequest> requests,
        TokenRenewal renewal,
        TimeSpan holdSends,
        CancellationTokenSource sessionEnded)
    {
        try
        {
            await WriteAsync(requests, renewal, holdSends, sessionEnded.Token);
        }
        catch (Exception error)
            when (error is RpcException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // The call has ended, which the reading loop reports in a moment, except in the case below.
            sessionEnded.CancelAfter(ReportLimit);
        }
        catch (HttpRequestException)
        {
            // The connection closes before the service has looked at the call. The HTTP client begins the call anew by
            // itself, without what was written, so the reading loop would wait for an answer in vain.
            await sessionEnded.CancelAsync();
        }
        catch
        {
            // A defect. The reading loop would not hear of it, and must not go on alone.
            await sessionEnded.CancelAsync();
            throw;
        }
    }

    private async Task WriteAsync(
        IClientStreamWriter<ChatRequest> requests,
        TokenRenewal renewal,
        TimeSpan holdSends,
        CancellationToken sessionEnded)
    {
        var isHolding = holdSends > TimeSpan.Zero;
        using var ended = sessionEnded.UnsafeRegister(static signal => ((WakeSignal)signal!).Set(), wakeUp);
        using var holding = options.TimeProvider.CreateTimer(
            _ =>
            {
                Volatile.Write(ref isHolding, false);
                wakeUp.Set();
            },
            null,
            isHolding ? holdSends : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        while (true)
        {
            sessionEnded.ThrowIfCancellationRequested();
            if (renewal.IsDue)
            {
                // The service answers what it has read, and ends the stream.
                await requests.CompleteAsync();
                return;
            }

            var request = new ChatRequest();
            var hasRooms = rooms.Fill(request);
            var hasSends = !Volatile.Read(ref isHolding) && outbox.Fill(request, BytesOfRequest);
            HasSent |= hasSends;
            if (hasRooms || hasSends)
            {
                await requests.WriteAsync(request, sessionEnded);
            }
            else
            {
                await wakeUp.WaitAsync();
            }
        }
    }

    /// <returns>Null, or what is wrong.</returns>
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
        HasProgressed |= wrong is null && response.Messages.Count > 0;
        foreach (var joined in response.Joined.Where(joined => joined.HeadId > 0))
        {
            outbox.OnRoomExists(joined.Room);
        }

        // Refusals first: an ack may stand for all messages before it that were not refused.
        foreach (var refusal in response.Refusals)
        {
            if (outbox.Take(refusal))
            {
                ClientMetrics.Refused.Add(1);
            }
        }

        foreach (var ack in response.Acks)
        {
            if (outbox.Take(ack))
            {
                HasProgressed = true;
                ClientMetrics.Sent.Add(1, ClientMetrics.System, ClientMetrics.Send);
            }
        }

        return wrong;
    }
}
