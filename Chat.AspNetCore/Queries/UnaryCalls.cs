using Chat.AspNetCore.Grpc;
using Chat.AspNetCore.Sessions;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Chat.AspNetCore.Queries;

/// <summary>A unary call: from an encoded request to the response, or to the status that is thrown.</summary>
/// <param name="request">The encoded request.</param>
/// <param name="sender">Who calls.</param>
/// <param name="gone">The caller is gone.</param>
internal delegate ValueTask<IMessage> UnaryCall(byte[] request, string sender, CancellationToken gone);

/// <summary>What the unary calls do: the checks of their requests, and the log.</summary>
internal sealed class UnaryCalls(IMessageLog log, ChatOptions options)
{
    private const int DefaultPageSize = 100;
    private const int MaxPageSize = 1000;

    public async ValueTask<IMessage> SendMessageAsync(byte[] encoded, string sender, CancellationToken gone)
    {
        var send = SendMessageRequest.Parser.ParseFrom(encoded).Send
            ?? throw Statuses.InvalidField("send", "the request holds no send; give it one");
        if (send.Room.Length == 0)
        {
            throw Statuses.InvalidField("send.room", "the send names no room; name one");
        }

        if (SendForm.RefuseKey(send.Room, send.ClientOffset) is { } malformed)
        {
            throw Statuses.Refused(malformed);
        }

        var once = new SendOnce();
        await log.AppendAsync(SendForm.ToAppend(send, once, send.Room, sender, options.MaxTextBytes), gone);

        // From here on it is stored, whether somebody waits for the answer or not.
        var result = await once.Answer;
        return result.Refused is { } refused
            ? throw Statuses.Refused(refused)
            : new SendMessageResponse
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

    public async ValueTask<IMessage> ListMessagesAsync(byte[] encoded, string sender, CancellationToken gone)
    {
        var request = ListMessagesRequest.Parser.ParseFrom(encoded);
        var count = PageSize(request.PageSize);
        Check(request);
        var bounds = await log.BoundsAsync(request.Room, gone);
        var page = new HistoryPage(log, request.Room, bounds);
        return new ListMessagesResponse
        {
            Messages =
            {
                request.HasAfterId
                    ? await page.AfterAsync(request.AfterId, count, gone)
                    : await page.BeforeAsync(request.HasBeforeId ? request.BeforeId : long.MaxValue, count, gone),
            },
            LogId = log.LogId,
            OldestId = bounds.Oldest,
            HeadId = bounds.Head,
        };
    }

    public async ValueTask<IMessage> ListRoomsAsync(byte[] encoded, string sender, CancellationToken gone)
    {
        var request = ListRoomsRequest.Parser.ParseFrom(encoded);
        var count = PageSize(request.PageSize);

        // A token is the last name of the page before; that is nobody's business.
        if (request.PageToken.Length > 0 && !Names.IsRoom(request.PageToken))
        {
            throw Statuses.InvalidField(
                "page_token",
                $"page_token is '{Names.Cut(request.PageToken)}', and must be the next_page_token of a page before");
        }

        var rooms = await log.ListRoomsAsync(request.PageToken, count + 1, gone);
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

    private static int PageSize(int asked) => asked switch
    {
        0 => DefaultPageSize,
        > 0 and <= MaxPageSize => asked,
        _ => throw Statuses.InvalidField("page_size", $"page_size is {asked}, and must be from 0 to {MaxPageSize}; 0 is {DefaultPageSize}"),
    };

    private void Check(ListMessagesRequest request)
    {
        if (!Names.IsRoom(request.Room))
        {
            throw Statuses.InvalidField("room", Refusals.InvalidRoom(request.Room).Detail);
        }

        if (request.HasAfterId && request.HasBeforeId)
        {
            throw Statuses.InvalidField("before_id", "after_id and before_id are both given; give one of them, or none");
        }

        Position("after_id", request.AfterId);
        Position("before_id", request.BeforeId);
        if (request.LogId.Length > 0 && request.LogId != log.LogId)
        {
            throw Statuses.LogChanged(request.LogId, log.LogId);
        }
    }

    private static void Position(string field, long id)
    {
        if (id < 0)
        {
            throw Statuses.InvalidField(field, $"{field} is {id}, and must be 0 or more");
        }
    }
}
