using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>What docs/protocol.md shows is what the service does.</summary>
public sealed class ProtocolPageTests
{
    [Fact]
    public void Every_example_says_what_it_is_and_is_a_message_of_that_type()
    {
        Assert.Equal(ProtocolPage.JsonBlocks, ProtocolPage.Examples().Count());
        Assert.True(ProtocolPage.JsonBlocks > 20, "The examples are gone.");
    }

    [Fact]
    public async Task The_conversation_goes_as_it_is_shown()
    {
        await using var server = await ChatServer.StartAsync();
        var examples = ProtocolPage.Examples(server.Log.LogId).ToList();
        await using var ann = server.Open("ann", "room", "ops");
        foreach (var (kind, message) in examples)
        {
            switch (kind)
            {
                case "request":
                    await ann.WriteAsync((ChatRequest)message);
                    break;
                case "response":
                    // In how many frames it comes is not fixed; what comes, and in which order, is.
                    var expected = Timeless((ChatResponse)message);
                    var got = new ChatResponse();
                    while (got.CalculateSize() < expected.CalculateSize())
                    {
                        await ann.ReadAsync();
                        got.MergeFrom(Timeless(ann.Frames[^1]));
                    }

                    Assert.Equal(expected, got);
                    break;
                case "last":
                    Assert.Equal(GoAway.Types.Why.Draining, ((ChatResponse)message).GoAway.Why);
                    break;
            }
        }

        await UnaryCallsGoAsTheyAreShownAsync(server, examples);
    }

    [Fact]
    public async Task A_stop_is_told_as_it_is_shown()
    {
        await using var server = await ChatServer.StartAsync();
        var shown = ((ChatResponse)ProtocolPage.Examples().Single(example => example.Kind == "last").Message).GoAway;
        await using var ann = await server.JoinAsync("ann");

        var stopping = server.StopAsync();
        await ann.ToEndAsync();
        await stopping;

        Assert.Equal(shown, new GoAway(ann.GoAway) { ReconnectAfter = shown.ReconnectAfter });
    }

    [Fact]
    public async Task The_status_with_details_is_what_the_service_sends()
    {
        await using var server = await ChatServer.StartAsync();
        var shown = ProtocolPage.Examples().Single(example => example.Kind == "google.rpc.Status").Message;

        using var call = new ChatService.ChatServiceClient(server.Channel).Chat(new Metadata { { "last-seen-id", "-1" } });
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(shown, Google.Rpc.Status.Parser.ParseFrom(error.Trailers.GetValueBytes(ChatError.DetailsKey)));
    }

    [Fact]
    public void The_table_of_errors_is_that_of_the_code()
    {
        var rows = ErrorTable.Rows.Select(row => (
            Status: UpperSnake(row.Code),
            Reason: row.Reason.Length > 0 ? row.Reason : "any",
            Retryable: row.Retryable switch
            {
                Retryable.Yes => "yes",
                Retryable.AfterRetryDelay => "after `RetryInfo`",
                _ => "no",
            }));

        Assert.Equal(rows, ProtocolPage.ErrorRows());
    }

    [Fact]
    public void The_table_has_a_row_for_every_code_and_finds_a_reason_it_does_not_know_by_its_code()
    {
        foreach (var code in Enum.GetValues<StatusCode>().Where(code => code != StatusCode.OK))
        {
            Assert.Equal((code, ""), (ErrorTable.Find(code, "TO_COME").Code, ErrorTable.Find(code, "TO_COME").Reason));
            Assert.Contains(ErrorTable.Rows, row => row.Code == code && row.Reason.Length == 0);
        }
    }

    private static async Task UnaryCallsGoAsTheyAreShownAsync(ChatServer server, List<(string Kind, IMessage Message)> examples)
    {
        var client = server.Client("ann");
        var sent = await client.SendMessageAsync(Example<SendMessageRequest>());
        var messages = await client.ListMessagesAsync(Example<ListMessagesRequest>());
        var rooms = await client.ListRoomsAsync(Example<ListRoomsRequest>());

        Assert.Equal(Example<SendMessageResponse>(), sent);
        Assert.Equal(Timeless(Example<ListMessagesResponse>().Messages), Timeless(messages.Messages));
        messages.Messages.Clear();
        var expected = Example<ListMessagesResponse>();
        expected.Messages.Clear();
        Assert.Equal(expected, messages);
        Assert.Equal(
            Example<ListRoomsResponse>().Rooms.Select(room => (room.Name, room.HeadId)),
            rooms.Rooms.Select(room => (room.Name, room.HeadId)));
        Assert.Equal(Example<ListRoomsResponse>().NextPageToken, rooms.NextPageToken);

        T Example<T>()
            where T : class, IMessage<T> => ((T)examples.Single(example => example.Message is T).Message).Clone();
    }

    // The times are those of whoever reads it.
    private static ChatResponse Timeless(ChatResponse response)
    {
        var timeless = response.Clone();
        foreach (var message in timeless.Messages)
        {
            message.SentAt = null;
        }

        return timeless;
    }

    private static IEnumerable<Message> Timeless(IEnumerable<Message> messages) =>
        messages.Select(message => new Message(message) { SentAt = null });

    private static string UpperSnake(StatusCode code) => string.Concat(code.ToString().Select((c, i) =>
        i > 0 && char.IsUpper(c) ? "_" + c : c.ToString(CultureInfo.InvariantCulture))).ToUpperInvariant();
}
