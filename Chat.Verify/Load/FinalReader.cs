using Grpc.Core;
using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>Reads a room from its beginning to its end, as a client that has never been there.</summary>
internal sealed class FinalReader(LoadContext context)
{
    private readonly Random random = new(context.Options.Seed);
    private readonly int client = context.AddClient("final", ClientRole.FinalReader);

    /// <summary>Reads the room; again from the beginning when a stream breaks.</summary>
    public async Task ReadAsync(int room, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested && !await TryReadAsync(room, stopping))
        {
            await Task.Delay(random.Next(50, 200), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryReadAsync(int room, CancellationToken stopping)
    {
        using var channel = context.Endpoints.Open(random);
        var session = context.Recording.BeginSession(client);
        var end = SessionEnd.Broken;
        try
        {
            var headers = context.Endpoints.Caller(context.TokenSender ?? "final");
            headers.Add("room", context.Recording.Rooms[room]);
            context.Recording.Add(HistoryEvent.JoinAsked(session, room, Position.Everything, -1));
            using var call = new ChatService.ChatServiceClient(channel).Chat(headers, cancellationToken: stopping);
            var happened = new List<HistoryEvent>();
            while (end == SessionEnd.Broken && await call.ResponseStream.MoveNext(stopping))
            {
                var response = call.ResponseStream.Current;
                happened.AddRange(response.Joined.Select(joined => HistoryEvent.Joined(
                    session, room, joined.AfterId, context.Recording.NumberOfLog(joined.LogId), (byte)joined.Resume)));
                happened.AddRange(response.Messages.Select(message => context.Received(session, message)).OfType<HistoryEvent>());
                if (response.CaughtUp.Count > 0)
                {
                    happened.Add(HistoryEvent.CaughtUp(session, room, response.CaughtUp[0].Id));
                    end = SessionEnd.Left;
                }

                context.Recording.AddAll(happened);
            }
        }
        catch (Exception error) when (stopping.IsCancellationRequested && error is RpcException or OperationCanceledException)
        {
            // The history shows that the room was not read to its end.
        }
        catch (Exception error) when (Endpoints.IsEndOfStream(error))
        {
            // Once more.
        }
        catch (RpcException error)
        {
            context.Failures.Enqueue($"{context.Recording.Rooms[room]} cannot be read: {error.Status.Detail}");
            return true;
        }
        finally
        {
            context.Recording.EndSession(session, end);
        }

        return end == SessionEnd.Left;
    }
}
