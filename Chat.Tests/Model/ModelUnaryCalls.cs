using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>The unary calls, and the answers that they must get.</summary>
internal sealed class ModelUnaryCalls(ChannelBase channel, Tally tally)
{
    private const int PageSize = 3;

    // The status for each reason to refuse a send.
    private static readonly Dictionary<(StatusCode, string), Reason> Refusals = new()
    {
        [(StatusCode.InvalidArgument, "INVALID")] = Reason.Invalid,
        [(StatusCode.InvalidArgument, "TOO_LARGE")] = Reason.TooLarge,
        [(StatusCode.AlreadyExists, "OFFSET_REUSED")] = Reason.OffsetReused,
        [(StatusCode.ResourceExhausted, "LIMIT")] = Reason.Limit,
    };

    private readonly ChatService.ChatServiceClient client = new(channel);

    /// <exception cref="Mismatch">The answer is wrong.</exception>
    public async Task SendAsync(string user, Send send, Answer expected)
    {
        Answer told;
        try
        {
            var response = await client.SendMessageAsync(
                new SendMessageRequest { Send = send }, new Metadata { { "user", user } }).ResponseAsync.WaitAsync(ChatCall.Deadline);
            told = Answer.Of(response.Ack);
        }
        catch (RpcException error)
        {
            told = Refusals.TryGetValue((error.StatusCode, ChatError.Of(error).Reason), out var reason)
                ? new Answer(expected.Room, expected.Offset) { Refused = reason }
                : throw new Mismatch($"{user}'s call ends with {error.Status} instead of {expected}");
        }

        if (!expected.Allows(told))
        {
            throw new Mismatch($"{user}'s call received something wrong: {told} arrived instead of {expected}");
        }

        tally.Count(told.Refused is null ? "Unary, acked" : "Unary, refused");
    }

    /// <summary>Whether a page has a message.</summary>
    public async Task<bool> ReturnsAsync(string room, long id)
    {
        var request = new ListMessagesRequest { Room = room, AfterId = id - 1, PageSize = 1 };
        var page = await client.ListMessagesAsync(request).ResponseAsync.WaitAsync(ChatCall.Deadline);
        return page.Messages.Any(message => message.Id == id);
    }

    /// <summary>
    /// Lists a page of a room in which nothing is uncertain: forwards if its head is even, backwards if it is odd.
    /// </summary>
    /// <exception cref="Mismatch">The page is wrong.</exception>
    public async Task CheckPageAsync(ModelRoom room)
    {
        var request = new ListMessagesRequest { Room = room.Name, PageSize = PageSize };
        var middle = room.Head / 2;
        long first, last;
        if (room.Head % 2 == 0)
        {
            request.AfterId = middle;
            (first, last) = (middle + 1, Math.Min(middle + PageSize, room.Head));
        }
        else
        {
            request.BeforeId = middle + 1;
            (first, last) = (Math.Max(middle + 1 - PageSize, 1), middle);
        }

        var page = await client.ListMessagesAsync(request).ResponseAsync.WaitAsync(ChatCall.Deadline);
        var expected = new List<(long, string, string, string)>();
        for (var id = first; id <= last; id++)
        {
            var message = room[id];
            expected.Add((id, message.Sender, message.Offset, message.Text));
        }

        if (!expected.SequenceEqual(page.Messages.Select(message => (message.Id, message.Sender, message.ClientOffset, message.Text)))
            || (page.OldestId, page.HeadId) != (1, room.Head))
        {
            throw new Mismatch($"the answer to {request} is {page} instead of messages {first} to {last} of {room.Head}");
        }

        tally.Count(request.HasAfterId ? "Page, forwards" : "Page, backwards");
    }
}
