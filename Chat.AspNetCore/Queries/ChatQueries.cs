using Google.Protobuf.WellKnownTypes;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Queries;

/// <summary>The calls with one request and one response: they check the request and ask the log.</summary>
internal sealed class ChatQueries(IMessageLog log, SendLimiter limiter, ChatMetrics metrics, ChatOptions options)
{
    private const int DefaultPageSize = 100;
    private const int MaxPageSize = 1000;

    /// <summary>Stores one message.</summary>
    /// <param name="request">The message.</param>
    /// <param name="caller">Who sends.</param>
    /// <param name="clientAborted">Gives up while the log's queue is full. After that, the message is stored.</param>
    /// <exception cref="InvalidRequestException">The request names no send or no room.</exception>
    /// <exception cref="SendRefusedException">The message is not stored.</exception>
    /// <exception cref="StoreUnavailableException">The message may be stored or not.</exception>
    public async ValueTask<SendMessageResponse> SendMessageAsync(
        SendMessageRequest request,
        Caller caller,
        CancellationToken clientAborted)
    {
        var send = request.Send
            ?? throw new InvalidRequestException("send", "the request has no send; set the field");
        if (send.Room.Length == 0)
        {
            throw new InvalidRequestException("send.room", "the send names no room; set the field");
        }

        if (SendForm.RefuseRoomOrOffset(send.Room, send.ClientOffset) is { } malformed)
        {
            throw Refuse(malformed);
        }

        if (limiter.TryEnter(caller) is { } wait)
        {
            throw Refuse(Refusals.TooManySends(options.MaxSendsPerSenderAndSecond, wait));
        }

        var once = new SendOnce();
        var mayWrite = await caller.Rights.AllowAsync(send.Room, RoomAccess.Write);
        var append = SendForm.ToAppend(
            send, once, send.Room, new(caller.Sender, caller.Quota, mayWrite), options.MaxTextBytes);
        append.Activity = ChatTracing.StartAppend(send.Room, send.ClientOffset);
        await log.AppendAsync(append, clientAborted);

        // From here on it will be stored, whether or not the caller still waits for the answer.
        var result = await once.Answer;
        ChatTracing.End(append);
        if (result.Refused is { } refused)
        {
            throw Refuse(refused);
        }

        return new SendMessageResponse
        {
            Ack = new Ack
            {
                Room = send.Room,
                ClientOffset = send.ClientOffset,
                Id = result.Id,
                Duplicate = result.Duplicate,
            },
        };
    }

    private SendRefusedException Refuse(Refused refused)
    {
        metrics.OnRefused(refused.Reason, refused.Limit);
        return new SendRefusedException(refused);
    }

    /// <summary>Reads a page of a room's messages.</summary>
    /// <exception cref="InvalidRequestException">A field is out of range, or both positions are given.</exception>
    /// <exception cref="LogChangedException">The positions belong to another log.</exception>
    /// <exception cref="LogDamagedException">A message is missing.</exception>
    /// <exception cref="ForbiddenException">The caller may not read the room.</exception>
    public async ValueTask<ListMessagesResponse> ListMessagesAsync(
        ListMessagesRequest request,
        Caller caller,
        CancellationToken clientAborted)
    {
        var count = PageSize(request.PageSize);
        ThrowIfInvalid(request);
        if (!await caller.Rights.AllowAsync(request.Room, RoomAccess.Read))
        {
            throw new ForbiddenException(Refusals.MayNotRead(request.Room));
        }

        while (true)
        {
            var bounds = await log.BoundsAsync(request.Room, clientAborted);
            var page = new HistoryPage(log, request.Room, bounds);
            var messages = request.HasAfterId
                ? await page.AfterAsync(request.AfterId, count, clientAborted)
                : await page.BeforeAsync(request.HasBeforeId ? request.BeforeId : long.MaxValue, count, clientAborted);
            if (messages is not null)
            {
                return new ListMessagesResponse
                {
                    Messages = { messages },
                    LogId = log.LogId,
                    OldestId = bounds.Oldest,
                    HeadId = bounds.Head,
                };
            }
        }
    }

    /// <summary>Reads a page of the rooms that the caller may read, in the order of their names.</summary>
    /// <exception cref="InvalidRequestException">A field is out of range.</exception>
    public async ValueTask<ListRoomsResponse> ListRoomsAsync(
        ListRoomsRequest request,
        Caller caller,
        CancellationToken clientAborted)
    {
        var count = PageSize(request.PageSize);

        // A token is the last name of the page before. Clients must not rely on that.
        if (request.PageToken.Length > 0 && !Names.IsRoom(request.PageToken))
        {
            throw new InvalidRequestException(
                "page_token",
                $"page_token is '{Names.Truncate(request.PageToken)}', but must be the next_page_token of the page before");
        }

        var rooms = await ListReadableRoomsAsync(request.PageToken, count + 1, caller, clientAborted);
        return new ListRoomsResponse
        {
            Rooms =
            {
                rooms.Take(count).Select(room => new Room
                {
                    Name = room.Name,
                    HeadId = room.Head,
                    LastMessageAt = room.LastSentAt is { } at ? LogTime.FromMicroseconds(at).ToTimestamp() : null,
                }),
            },
            NextPageToken = rooms.Count > count ? rooms[count - 1].Name : "",
        };
    }

    private async Task<List<RoomSummary>> ListReadableRoomsAsync(
        string after, int count, Caller caller, CancellationToken clientAborted)
    {
        var readable = new List<RoomSummary>();
        for (var size = count; readable.Count < count; size = MaxPageSize)
        {
            if (caller.Rights.SkipUnreadable(after) is not { } skipped)
            {
                break;
            }

            var page = await log.ListRoomsAsync(skipped, size, clientAborted);
            foreach (var room in page)
            {
                if (readable.Count < count && await caller.Rights.AllowAsync(room.Name, RoomAccess.Read))
                {
                    readable.Add(room);
                }
            }

            if (page.Count < size)
            {
                break;
            }

            after = page[^1].Name;
        }

        return readable;
    }

    private static int PageSize(int requested) => requested switch
    {
        0 => DefaultPageSize,
        > 0 and <= MaxPageSize => requested,
        _ => throw new InvalidRequestException(
            "page_size",
            $"page_size is {requested}, but must be from 1 to {MaxPageSize}, or 0 for {DefaultPageSize}"),
    };

    private void ThrowIfInvalid(ListMessagesRequest request)
    {
        if (!Names.IsRoom(request.Room))
        {
            throw new InvalidRequestException("room", Refusals.InvalidRoom(request.Room).Description);
        }

        if (request.HasAfterId && request.HasBeforeId)
        {
            throw new InvalidRequestException(
                "before_id", "after_id and before_id are both set; set one of them, or neither");
        }

        ThrowIfNegative("after_id", request.AfterId);
        ThrowIfNegative("before_id", request.BeforeId);
        if (request.LogId.Length > 0 && request.LogId != log.LogId)
        {
            throw new LogChangedException(request.LogId, log.LogId);
        }
    }

    private static void ThrowIfNegative(string field, long id)
    {
        if (id < 0)
        {
            throw new InvalidRequestException(field, $"{field} is {id}, but must be 0 or more");
        }
    }
}
