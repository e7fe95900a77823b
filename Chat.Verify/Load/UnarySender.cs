using Grpc.Core;
using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// Sends one message to each room by the unary call, at the beginning and at the end. At the beginning, because a
/// service limits how many rooms a sender may create in a minute, and a limit in the middle of a run would change the
/// order of messages. At the end, because nothing that follows would hide that a reader was not woken up.
/// </summary>
internal sealed class UnarySender(LoadContext context)
{
    private const string Name = "opener";
    private static readonly TimeSpan RetryLimit = TimeSpan.FromSeconds(10);

    private readonly Random random = new(context.Options.Seed);
    private readonly int client = context.AddClient(Name, ClientRole.Sender);

    /// <exception cref="ServiceUnreachableException">Nothing answers, or the service refuses the caller.</exception>
    /// <exception cref="InterruptedException">It is told to stop.</exception>
    public async Task OpenRoomsAsync(CancellationToken stopping)
    {
        using var channel = context.Endpoints.Open(random);
        var service = new ChatService.ChatServiceClient(channel);
        try
        {
            await SendAsync(service, 0, stopping);
            if (context.Options.TokenFile is not null)
            {
                await LearnSenderAsync(service, stopping);
            }

            for (var room = 1; room < context.Recording.Rooms.Count; room++)
            {
                await SendAsync(service, room, stopping);
            }
        }
        catch (Exception error) when (stopping.IsCancellationRequested && error is RpcException or OperationCanceledException)
        {
            throw new InterruptedException(error);
        }
    }

    /// <summary>Sends the last message of each room. What gets no answer is in the history.</summary>
    public async Task CloseRoomsAsync()
    {
        using var channel = context.Endpoints.Open(random);
        var service = new ChatService.ChatServiceClient(channel);
        try
        {
            for (var room = 0; room < context.Recording.Rooms.Count; room++)
            {
                await SendAsync(service, room, CancellationToken.None);
            }
        }
        catch (ServiceUnreachableException error)
        {
            context.Failures.Enqueue(error.Message);
        }
    }

    private async Task SendAsync(ChatService.ChatServiceClient service, int room, CancellationToken stopping)
    {
        var recording = context.Recording;
        var (key, number) = context.Offsets.Next(client, room);
        var text = SendTexts.Of(number, SendVariant.Ordinary);
        var hash = TextHash.Of(text);
        var request = new SendMessageRequest
        {
            Send = new Send { Room = recording.Rooms[room], ClientOffset = context.Offsets.Format(client, number), Text = text },
        };
        for (var deadline = DateTime.UtcNow + RetryLimit; ;)
        {
            var session = recording.BeginSession(client);
            recording.Add(HistoryEvent.Invoked(session, room, key, hash));
            try
            {
                var ack = (await service.SendMessageAsync(
                    request, context.Endpoints.Caller(Name), DateTime.UtcNow + RetryLimit, stopping)).Ack;
                recording.Add(HistoryEvent.Acked(session, room, key, hash, ack.Id, ack.Duplicate));
                recording.EndSession(session, SessionEnd.Left);
                context.OnAcked(room, ack.Id);
                return;
            }
            catch (RpcException error) when (!stopping.IsCancellationRequested)
            {
                var chat = ChatError.Of(error);
                recording.Add(chat.Reason == "LIMIT"
                    ? HistoryEvent.Refused(session, room, key, hash, (byte)Reason.Limit)
                    : HistoryEvent.Unknown(session, room, key, hash));
                recording.EndSession(session, SessionEnd.Broken);
                if (!chat.IsRetryable || (DateTime.UtcNow > deadline && chat.RetryDelay is null))
                {
                    throw new ServiceUnreachableException(Describe(error), error);
                }

                await Task.Delay(chat.RetryDelay ?? TimeSpan.FromMilliseconds(200), stopping);
            }
        }
    }

    private async Task LearnSenderAsync(ChatService.ChatServiceClient service, CancellationToken stopping)
    {
        try
        {
            var page = await service.ListMessagesAsync(
                new ListMessagesRequest { Room = context.Recording.Rooms[0], AfterId = 0, PageSize = 1 },
                context.Endpoints.Caller(Name),
                DateTime.UtcNow + RetryLimit,
                stopping);
            context.TokenSender = page.Messages.FirstOrDefault()?.Sender
                ?? throw new ServiceUnreachableException("the service acked a message and does not have it");
            context.Recording.Clients[client] = context.Recording.Clients[client] with { Sender = context.TokenSender };
        }
        catch (RpcException error) when (!stopping.IsCancellationRequested)
        {
            throw new ServiceUnreachableException(Describe(error), error);
        }
    }

    private string Describe(RpcException error)
    {
        var where = string.Join(", ", context.Options.Addresses);
        var why = (error.Status.DebugException?.GetBaseException().Message ?? error.Status.Detail).TrimEnd('.');
        return error.StatusCode switch
        {
            StatusCode.Unauthenticated => $"the service at {where} does not accept the caller: {why}; give a token that it accepts: --token-file FILE",
            StatusCode.PermissionDenied => $"the service at {where} denies access: {why}; the token must allow rooms that start with 'verify-'",
            StatusCode.Unimplemented => $"the server at {where} is not a chat service: {why}; check the address",
            _ => $"no chat service answers at {where}: {why}; check the address, and that the service is running",
        };
    }
}
