using Grpc.Core;
using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// Reads some rooms, leaves, and comes back: from where it was, now and then from the beginning, from the newest
/// message, or with a position of another log.
/// </summary>
internal sealed class ReaderClient(LoadContext context, string name, int[] rooms, int seed)
{
    private const string AnotherLog = "00000000000000000000000000000000";

    private readonly Random random = new(seed);
    private readonly int client = context.AddClient(name, ClientRole.Reader);

    // By the place of the room in the list. The log is the id that the service gave.
    private readonly long[] positions = [.. rooms.Select(_ => -1L)];
    private readonly string[] logs = [.. rooms.Select(_ => "")];
    private readonly int[] returns = new int[rooms.Length];

    // A tenth of the run, so that a reader comes back several times.
    private readonly int longestStay = (int)Math.Clamp(context.Options.Duration.TotalMilliseconds / 10, 100, 4000);

    /// <summary>Whether it has all that was acked.</summary>
    public bool HasEverything
    {
        get
        {
            for (var i = 0; i < rooms.Length; i++)
            {
                if (Interlocked.Read(ref positions[i]) < context.Head(rooms[i]))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Reads until it is told to close.</summary>
    /// <param name="staying">Leave no more, and read to the end.</param>
    /// <param name="closing">End.</param>
    public async Task RunAsync(CancellationToken staying, CancellationToken closing)
    {
        try
        {
            // Some join late.
            await PauseAsync(random.Next(4 * longestStay), staying, closing);
            while (!closing.IsCancellationRequested)
            {
                await RunSessionAsync(staying, closing);
                await Task.Delay(random.Next(20, 60), closing);
                await PauseAsync(random.Next(longestStay), staying, closing);
            }
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            // Everything is over.
        }
        catch (RpcException error)
        {
            context.Failures.Enqueue($"{name} stopped: {error.Status.Detail}");
        }
    }

    private static async Task PauseAsync(int milliseconds, CancellationToken staying, CancellationToken closing)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(staying, closing);
        await Task.Delay(milliseconds, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunSessionAsync(CancellationToken staying, CancellationToken closing)
    {
        using var channel = context.Endpoints.Open(random);
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(closing);
        using var leaving = new CancellationTokenSource();
        using var leave = leaving.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), closed);
        var isPlanned = !staying.IsCancellationRequested;
        if (isPlanned)
        {
            leaving.CancelAfter(random.Next(50, longestStay));
        }

        // Last, so that it also takes back the time above.
        using var stay = staying.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).CancelAfter(Timeout.InfiniteTimeSpan), leaving);

        var starts = rooms.Select((_, place) => ChooseStart(place, isPlanned)).ToArray();
        var session = context.Recording.BeginSession(client);
        var end = SessionEnd.Broken;
        try
        {
            var headers = Headers(starts[0]);
            Record(session, starts[0]);
            using var call = new ChatService.ChatServiceClient(channel).Chat(headers, cancellationToken: closed.Token);
            foreach (var start in starts.Skip(1))
            {
                Record(session, start);
                await call.RequestStream.WriteAsync(new ChatRequest { Joins = { Join(start) } }, closed.Token);
            }

            await ReadAsync(session, call.ResponseStream, isPlanned && random.Next(8) == 0 ? staying : null, closed.Token);
        }
        catch (Exception error) when (closed.IsCancellationRequested && error is RpcException or OperationCanceledException)
        {
            end = SessionEnd.Left;
        }
        catch (Exception error) when (Endpoints.IsEndOfStream(error))
        {
            // It comes back.
        }
        finally
        {
            context.Recording.EndSession(session, end);
        }
    }

    private Start ChooseStart(int place, bool mayVary)
    {
        var known = Interlocked.Read(ref positions[place]);
        var start = new Start(place, known, logs[place]);
        return known < 0 ? start with { Position = Position.Everything, Log = "" }
            : !mayVary ? start
            : Returns(place) switch
            {
                1 => start with { Position = Position.Everything, Log = "" },
                2 => start with { Position = Position.Latest, Log = "" },
                3 => start with { Log = AnotherLog },
                _ => start,
            };
    }

    // Each kind once, so that also a short run has them all, then by chance.
    private int Returns(int place) => ++returns[place] <= 4 ? returns[place] - 1 : random.Next(20);

    private void Record(int session, Start start) => context.Recording.Add(HistoryEvent.JoinAsked(
        session, rooms[start.Place], start.Position, start.Log.Length > 0 ? context.Recording.NumberOfLog(start.Log) : -1));

    private Metadata Headers(Start start)
    {
        var headers = context.Endpoints.Caller(context.TokenSender ?? name);
        headers.Add("room", context.Recording.Rooms[rooms[start.Place]]);
        if (start.Position != Position.Everything)
        {
            headers.Add("last-seen-id", start.Position == Position.Latest ? "latest" : $"{start.Position}");
        }

        if (start.Log.Length > 0)
        {
            headers.Add("log-id", start.Log);
        }

        return headers;
    }

    private Join Join(Start start)
    {
        var join = new Join { Room = context.Recording.Rooms[rooms[start.Place]], LogId = start.Log };
        if (start.Position != Position.Everything)
        {
            join.AfterId = start.Position;
        }

        return join;
    }

    // Slow: until when it reads slowly; null = it does not.
    private async Task ReadAsync(
        int session, IAsyncStreamReader<ChatResponse> responses, CancellationToken? slow, CancellationToken closed)
    {
        var happened = new List<HistoryEvent>();
        while (await responses.MoveNext(closed))
        {
            Take(session, responses.Current, happened);
            context.Recording.AddAll(happened);
            if (slow is { IsCancellationRequested: false })
            {
                // Falls behind what the service keeps in memory.
                await Task.Delay(random.Next(200), closed);
            }
        }
    }

    private void Take(int session, ChatResponse response, List<HistoryEvent> happened)
    {
        foreach (var joined in response.Joined)
        {
            if (PlaceOf(joined.Room) is >= 0 and var place)
            {
                happened.Add(HistoryEvent.Joined(
                    session, rooms[place], joined.AfterId, context.Recording.NumberOfLog(joined.LogId), (byte)joined.Resume));
                logs[place] = joined.LogId;
                Interlocked.Exchange(ref positions[place], joined.AfterId);
            }
        }

        foreach (var message in response.Messages)
        {
            if (PlaceOf(message.Room) is >= 0 and var place && context.Received(session, message) is { } received)
            {
                happened.Add(received);
                Interlocked.Exchange(ref positions[place], message.Id);
            }
        }

        foreach (var caughtUp in response.CaughtUp)
        {
            if (PlaceOf(caughtUp.Room) is >= 0 and var place)
            {
                happened.Add(HistoryEvent.CaughtUp(session, rooms[place], caughtUp.Id));
            }
        }

        foreach (var left in response.Left)
        {
            context.Failures.Enqueue($"{left.Room} cannot be read: {left.Detail}");
        }
    }

    private int PlaceOf(string room) => Array.IndexOf(rooms, context.FindRoom(room));

    private readonly record struct Start(int Place, long Position, string Log);
}
