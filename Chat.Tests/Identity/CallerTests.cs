using System.Net;
using Grpc.Core;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace GrpcChat.Tests.Identity;

/// <summary>Who may do what, where the application authenticates its callers, and when that ends.</summary>
public sealed class CallerTests
{
    private static readonly CallOptions NoCredentials = new(deadline: DateTime.UtcNow + ChatCall.Deadline);

    [Fact]
    public async Task Without_credentials_no_call_is_served()
    {
        await using var server = await StartAsync();
        await using var stream = new ChatCall(server.Channel);
        var client = new ChatService.ChatServiceClient(server.Channel);

        var status = await stream.ToEndAsync();
        Assert.Equal(StatusCode.Unauthenticated, status.StatusCode);
        Assert.Equal("UNAUTHENTICATED", stream.Error!.Reason);
        Assert.Contains("authorization: Bearer", status.Detail, StringComparison.Ordinal);
        foreach (var call in (Func<Task>[])
            [
                () => client.SendMessageAsync(SendTo("lobby", "k"), NoCredentials).ResponseAsync,
                () => client.ListMessagesAsync(new ListMessagesRequest { Room = "lobby" }, NoCredentials).ResponseAsync,
                () => client.ListRoomsAsync(new ListRoomsRequest(), NoCredentials).ResponseAsync,
            ])
        {
            Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
        }

        Assert.Equal(0, server.Log.Size.Messages);
    }

    [Fact]
    public async Task The_credentials_name_the_sender_and_a_caller_cannot_name_another()
    {
        await using var server = await StartAsync();
        await using var ann = Open(server, "ann");
        await ann.SendManyAsync("lobby", [("k", "hello")]);
        await ann.UntilAsync(c => c.Messages.Count == 1);
        await using var forger = new ChatCall(server.Channel, TestAuthentication.Header, "bob", "user", "ann");

        Assert.Equal("ann", ann.Messages[0].Sender);
        var status = await forger.ToEndAsync();
        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("'user'", status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%20ann")]
    [InlineData("ann%20")]
    [InlineData("a%E2%80%8Bnn")] // a zero-width space
    [InlineData("a%0Ann")]
    [InlineData("%E2%80%AEann")] // right-to-left override
    public async Task A_name_that_people_would_mistake_for_another_is_refused(string name)
    {
        await using var server = await StartAsync();
        await using var call = Open(server, name);

        var status = await call.ToEndAsync();
        Assert.Equal(StatusCode.Unauthenticated, status.StatusCode);
        Assert.Contains("sub", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_room_that_the_caller_may_not_read_is_left_at_once_and_the_stream_goes_on()
    {
        await using var server = await StartAsync();
        await using var call = Open(server, "ann; rooms=ops", "room", "secret");
        await call.UntilAsync(c => c.Left.Count == 1);
        await call.JoinAsync(new Join { Room = "ops" });
        await call.UntilAsync(c => c.Joined.Count == 1);

        Assert.Equal(("secret", Reason.Forbidden), (call.Left[0].Room, call.Left[0].Reason));
        Assert.Contains("'secret'", call.Left[0].Detail, StringComparison.Ordinal);
        Assert.Equal("ops", call.Joined[0].Room);
    }

    [Fact]
    public async Task A_send_without_the_right_is_refused_unless_it_is_stored_already()
    {
        await using var server = await StartAsync();
        await using (var before = Open(server, "ann; rooms=news", "room", "-"))
        {
            await before.SendManyAsync("news", [("k1", "stored")]);
        }

        await using var call = Open(server, "ann; rooms=news:r", "room", "-");
        await call.SendManyAsync("news", [("k1", "stored"), ("k2", "new")]);

        Assert.Equal((1, true), (Assert.Single(call.Acks).Id, call.Acks[0].Duplicate));
        Assert.Equal(("k2", Reason.Forbidden), (Assert.Single(call.Refusals).ClientOffset, call.Refusals[0].Reason));
        Assert.Equal(1, server.Log.Size.Messages);
    }

    [Fact]
    public async Task Unary_calls_keep_to_the_same_rights()
    {
        await using var server = await StartAsync();
        await using (var all = Open(server, "ann", "room", "-"))
        {
            await all.SendManyAsync("ops", [("k", "1")]);
            await all.SendManyAsync("secret", [("k", "1")]);
            await all.SendManyAsync("team-a", [("k", "1")]);
        }

        var client = new ChatService.ChatServiceClient(server.Channel);
        var bob = new Metadata { { TestAuthentication.Header, "bob; rooms=ops:r,team-*" } };
        var rooms = await client.ListRoomsAsync(new ListRoomsRequest(), bob);
        var first = await client.ListRoomsAsync(new ListRoomsRequest { PageSize = 1 }, bob);
        var second = await client.ListRoomsAsync(new ListRoomsRequest { PageSize = 1, PageToken = first.NextPageToken }, bob);

        Assert.Equal(["ops", "team-a"], rooms.Rooms.Select(room => room.Name));
        Assert.Equal(["ops"], first.Rooms.Select(room => room.Name));
        Assert.Equal(("team-a", ""), (Assert.Single(second.Rooms).Name, second.NextPageToken));
        Assert.Single((await client.ListMessagesAsync(new ListMessagesRequest { Room = "ops" }, bob)).Messages);
        await AssertForbiddenAsync(client.ListMessagesAsync(new ListMessagesRequest { Room = "secret" }, bob).ResponseAsync);
        await AssertForbiddenAsync(client.SendMessageAsync(SendTo("ops", "k9"), bob).ResponseAsync);
        await client.SendMessageAsync(SendTo("team-b", "k9"), bob);
    }

    [Theory]
    [InlineData("ann; rooms=a*b")]
    [InlineData("ann; rooms=ops:x")]
    public async Task A_claim_that_is_not_valid_gives_no_right(string caller)
    {
        await using var server = await StartAsync();
        await using var call = Open(server, caller);

        var status = await call.ToEndAsync();
        Assert.Equal(StatusCode.Unauthenticated, status.StatusCode);
        Assert.Contains("'rooms'", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_claim_a_caller_may_use_no_room_where_the_claim_is_required()
    {
        await using var server = await StartAsync(options => options.RequireRoomsClaim = true);
        await using var call = Open(server, "ann");
        await call.UntilAsync(c => c.Left.Count == 1);

        Assert.Equal(Reason.Forbidden, call.Left[0].Reason);
    }

    [Fact]
    public async Task Credentials_that_expire_end_the_stream_after_the_answers_with_a_reason_to_come_back()
    {
        var time = new ManualTime();
        await using var server = await StartAsync(time: time);
        await using var call = Open(server, "ann; expires=60");
        await call.UntilAsync(c => c.Joined.Count == 1);
        time.Advance(TimeSpan.FromSeconds(60) + GrpcChatAuthentication.ClockSkew - TimeSpan.FromSeconds(1));
        await call.SendManyAsync("lobby", [("k", "in time")]);
        time.Advance(TimeSpan.FromSeconds(1));

        var status = await call.ToEndAsync();

        Assert.Equal((GoAway.Types.Why.CredentialsExpired, true), (call.GoAway!.Why, call.GoAway.Reconnect));
        Assert.Equal((StatusCode.Unauthenticated, "CREDENTIALS_EXPIRED"), (status.StatusCode, call.Error!.Reason));
        Assert.Single(call.Acks);
    }

    [Trait("Log", "sqlite")] // Its list is a file in the directory of the log.
    [Fact]
    public async Task A_sender_who_is_blocked_is_sent_away_and_can_come_back_when_unblocked()
    {
        var time = new ManualTime();
        using var data = new TempDirectory();
        await using var server = await ChatServer.StartAsync(
            directory: data.Path, time: time, addServices: TestAuthentication.Add);
        var file = Path.Combine(data.Path, BlockedSendersFile.Name);
        await using var ann = Open(server, "ann");
        await using var bob = Open(server, "bob");
        await ann.UntilAsync(c => c.Joined.Count == 1);
        await bob.UntilAsync(c => c.Joined.Count == 1);

        BlockedSendersFile.Change(file, _ => ["ann"]);
        await LookAsync(time);
        var status = await ann.ToEndAsync();
        await using var again = Open(server, "ann");
        var refused = await again.ToEndAsync();
        BlockedSendersFile.Change(file, _ => []);
        await LookAsync(time);
        await using var back = Open(server, "ann");
        await back.SendManyAsync("lobby", [("k", "back")]);
        await bob.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal((GoAway.Types.Why.Banned, false), (ann.GoAway!.Why, ann.GoAway.Reconnect));
        Assert.Equal((StatusCode.PermissionDenied, "BANNED"), (status.StatusCode, ann.Error!.Reason));
        Assert.Equal((StatusCode.PermissionDenied, "BANNED"), (refused.StatusCode, again.Error!.Reason));
        Assert.Null(bob.GoAway);
    }

    [Fact]
    public async Task A_sender_may_have_so_many_streams_and_no_more_until_one_ends()
    {
        await using var server = await StartAsync(options => options.MaxStreamsPerSender = 2);
        await using var first = Open(server, "ann");
        await using var second = Open(server, "ann");
        await first.UntilAsync(c => c.Joined.Count == 1);
        await second.UntilAsync(c => c.Joined.Count == 1);

        await using var third = Open(server, "ann");
        var refused = await third.ToEndAsync();
        await using var bob = Open(server, "bob");
        await bob.UntilAsync(c => c.Joined.Count == 1);
        await first.CompleteAsync();
        await first.ToEndAsync();
        await server.UntilStreamsAsync(2);
        await using var next = Open(server, "ann");
        await next.UntilAsync(c => c.Joined.Count == 1);

        Assert.Equal((StatusCode.ResourceExhausted, "TOO_MANY_STREAMS"), (refused.StatusCode, third.Error!.Reason));
    }

    [Fact]
    public async Task A_caller_holds_no_more_pages_over_many_connections_than_over_one()
    {
        await using var server = await StartAsync(options => (options.MaxPagesAtOnce, options.MaxPagesPerCaller) = (4, 2));
        await using (var filler = Open(server, "filler", "room", "-"))
        {
            await filler.SendManyAsync("ops", Enumerable.Range(1, 60).Select(n => ($"k{n}", new string('x', 16_000))));
        }

        var connections = Enumerable.Range(0, 5).Select(_ => new HttpClient()).ToList();
        var calls = connections.ConvertAll(connection => connection.SendAsync(
            RawCall.Request(
                server.Address,
                "ListMessages",
                RawCall.Encode(new ListMessagesRequest { Room = "ops" }),
                (TestAuthentication.Header, "ann")),
            HttpCompletionOption.ResponseHeadersRead));
        await Task.WhenAny(calls).WaitAsync(ChatCall.Deadline);

        var bob = new Metadata { { TestAuthentication.Header, "bob" } };
        var page = await new ChatService.ChatServiceClient(server.Channel)
            .ListMessagesAsync(new ListMessagesRequest { Room = "ops" }, bob).ResponseAsync.WaitAsync(ChatCall.Deadline);

        Assert.Equal(60, page.Messages.Count);
        Assert.InRange(calls.Count(call => call.IsCompletedSuccessfully), 1, 2);
        connections.ForEach(connection => connection.Dispose());
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("127.0.0.1", null)]
    [InlineData("::1", null)]
    public void Callers_without_checked_names_share_the_limits_of_their_address_unless_it_is_this_machine(
        string address, string? quota) =>
        Assert.Equal(quota, Caller.Anonymous("ann", IPAddress.Parse(address)).Quota);

    [Fact]
    public async Task The_applications_own_handler_decides_once_for_each_room_of_a_stream()
    {
        var decisions = new List<string>();
        await using var server = await ChatServer.StartAsync(addServices: services =>
        {
            TestAuthentication.Add(services);
            services.AddSingleton(decisions);
            services.AddGrpcChatRoomAuthorization<OnlyOwnRoom>();
        });
        await using var call = Open(server, "ann", "room", "of-ann");
        await call.UntilAsync(c => c.Joined.Count == 1);
        await call.SendManyAsync("of-ann", [("k1", "1"), ("k2", "2")]);
        await call.SendManyAsync("of-bob", [("k3", "3"), ("k4", "4")]);

        Assert.Equal(["k1", "k2"], call.Acks.Select(ack => ack.ClientOffset));
        Assert.Equal([("k3", Reason.Forbidden), ("k4", Reason.Forbidden)], call.Refusals.Select(r => (r.ClientOffset, r.Reason)));
        Assert.Equal(["of-ann Read", "of-ann Write", "of-bob Write"], decisions);
    }

    private static Task<ChatServer> StartAsync(Action<ChatOptions>? set = null, TimeProvider? time = null) =>
        ChatServer.StartAsync(set, time: time, addServices: TestAuthentication.Add);

    // The service looks at the file, and sets its timer again.
    private static async Task LookAsync(ManualTime time)
    {
        await time.UntilDueAsync(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        await time.UntilDueAsync(TimeSpan.FromSeconds(1));
    }

    private static ChatCall Open(ChatServer server, string caller, params string[] metadata) =>
        new(server.Channel, [TestAuthentication.Header, caller, .. metadata]);

    private static SendMessageRequest SendTo(string room, string offset) =>
        new() { Send = new Send { Room = room, ClientOffset = offset, Text = "text" } };

    private static async Task AssertForbiddenAsync(Task call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal((StatusCode.PermissionDenied, "FORBIDDEN"), (error.StatusCode, ChatError.Of(error).Reason));
    }

    private sealed class OnlyOwnRoom(List<string> decisions) : AuthorizationHandler<RoomAccessRequirement, ChatRoom>
    {
        protected override Task HandleRequirementAsync(
            AuthorizationHandlerContext context, RoomAccessRequirement requirement, ChatRoom resource)
        {
            decisions.Add($"{resource.Name} {requirement.Access}");
            if (resource.Name == $"of-{context.User.FindFirst("sub")!.Value}")
            {
                context.Succeed(requirement);
            }

            return Task.CompletedTask;
        }
    }
}
