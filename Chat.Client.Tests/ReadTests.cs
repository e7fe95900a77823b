using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What the library reads from the real service.</summary>
public sealed class ReadTests
{
    public static TheoryData<string, long[], string> Starts { get; } = new()
    {
        { "start", [1, 2, 3, 4, 5], "" },
        { "now", [], "" },
        { "last 2", [4, 5], "" },
        { "after 3", [4, 5], "" },
        { "after 5", [], "" },
        { "after 3 of this log", [4, 5], "" },
        { "after 3 of another log", [1, 2, 3, 4, 5], "reset" },
        { "after 99", [1, 2, 3, 4, 5], "reset" },
    };

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task A_first_join_begins_where_it_is_told(string from, long[] ids, string told)
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 5);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address));
        await using var events = new ClientEvents(client);
        await client.JoinAsync("ops", from switch
        {
            "start" => JoinFrom.Start,
            "now" => JoinFrom.Now,
            "last 2" => JoinFrom.Last(2),
            "after 3" => JoinFrom.After(3),
            "after 5" => JoinFrom.After(5),
            "after 3 of this log" => JoinFrom.After(3, server.LogId),
            "after 3 of another log" => JoinFrom.After(3, "another"),
            _ => JoinFrom.After(99),
        }).Soon();
        await events.NextAsync<RoomCaughtUp>();
        var sent = await client.SendAsync("ops", "new").Soon();
        await events.UntilAsync(taken => taken.Ids().Contains(sent.Id));

        Assert.Equal([.. ids, 6], events.Ids());
        Assert.Equal(told == "reset", events.All.OfType<RoomReset>().Any());
        Assert.Empty(events.All.OfType<RoomGap>());
    }

    [Fact]
    public async Task A_reader_that_the_service_overtakes_is_told_of_the_gap_and_goes_on()
    {
        await using var server = await ChatServer.StartHookedAsync();
        await server.FillAsync("ops", 10);
        server.Hooks.BeforeNextRead = () => server.TrimAsync("ops", 7);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address));
        await using var events = new ClientEvents(client);

        await client.JoinAsync("ops", JoinFrom.After(2)).Soon();
        await events.NextAsync<RoomCaughtUp>();
        await server.SendOnceAsync("ann", "ops", "new", "new");
        await events.UntilAsync(taken => taken.Ids().Contains(11));

        Assert.Equal(new RoomGap("ops", 2, 7), Assert.Single(events.All.OfType<RoomGap>()) with { Taken = null });
        Assert.Equal([8, 9, 10, 11], events.Ids());
        Assert.DoesNotContain(events.All, e => e is ConnectionChanged { State: ConnectionState.Waiting });
    }

    [Fact]
    public async Task A_call_is_repeated_until_shortly_before_its_time_is_over()
    {
        var time = new ManualTime();
        var started = time.GetTimestamp();
        await using var chat = await ScriptedChat.StartAsync();
        chat.Rooms = _ => time.GetElapsedTime(started) > TimeSpan.FromSeconds(75)
            ? new ListRoomsResponse { Rooms = { new Room { Name = "ops" } } }
            : throw Scripted.Error(StatusCode.Unavailable);
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TimeProvider = time,
            Random = new FixedRandom(0.5),
            ReconnectDelay = TimeSpan.FromSeconds(0.1),
            MaxReconnectDelay = TimeSpan.FromSeconds(200),
            CallTimeout = TimeSpan.FromSeconds(100),
            FirstFrameTimeout = TimeSpan.FromHours(1),
        });

        var listing = client.ListRoomsAsync().ToListAsync().AsTask();

        // The next one would be 51.2 s, after 51.15 s; so half of the rest is waited.
        double[] delays = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 24.425];
        foreach (var delay in delays.Select(TimeSpan.FromSeconds))
        {
            await (await Task.WhenAny(listing, time.UntilDueAsync(delay)));
            time.Advance(delay);
        }

        Assert.Equal("ops", Assert.Single(await listing.Soon()).Name);
    }

    [Fact]
    public async Task A_service_that_comes_back_with_another_log_is_a_reset_and_then_its_messages()
    {
        using var other = new TempDirectory();
        var first = await ChatServer.StartAsync();
        await first.FillAsync("ops", 5);
        await using var second = await ChatServer.StartAsync(directory: other.Path);
        await second.FillAsync("ops", 2);
        await using var client = ChatClient.Open(LibraryTests.Quick(first.Address) with
        {
            Addresses = [first.Address.ToString(), second.Address.ToString()],
            Random = new FixedRandom(0),
        });
        await using var events = new ClientEvents(client);
        await client.JoinAsync("ops").Soon();
        await events.UntilAsync(taken => taken.Ids().Contains(5));
        var formerLogId = first.LogId;
        await first.DisposeAsync();
        var reset = await events.NextAsync<RoomReset>();
        await events.UntilAsync(taken => taken.Messages.Count() == 7);

        Assert.Equal((second.LogId, 0, formerLogId, 5), (reset.LogId, reset.AfterId, reset.FormerLogId, reset.LastId));
        Assert.Equal([1, 2, 3, 4, 5, 1, 2], events.Ids());
        Assert.Equal(second.LogId, events.Messages.Last().LogId);
    }

    [Fact]
    public async Task A_slow_application_has_few_events_waiting_and_misses_none()
    {
        const int Count = 3000;
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", Count);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address) with { MaxQueuedEvents = 2 });
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        await events.UntilAsync(taken => taken.Ids().Contains(Count));

        Assert.Equal(Enumerable.Range(1, Count).Select(id => (long)id), events.Ids());
        Assert.Single(events.All.OfType<RoomJoined>());
    }

    [Fact]
    public async Task History_is_read_in_pages_backwards_and_forwards()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 10);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address));

        var newest = await client.ReadHistoryAsync("ops", count: 4).Soon();
        var before = await client.ReadHistoryAsync("ops", before: newest.Messages[0].Id, count: 4).Soon();
        var after = await client.ReadHistoryAfterAsync("ops", after: before.Messages[^1].Id, count: 3).Soon();
        var none = await client.ReadHistoryAfterAsync("ops", after: 10).Soon();

        Assert.Equal([7, 8, 9, 10], newest.Messages.Select(message => message.Id));
        Assert.Equal([3, 4, 5, 6], before.Messages.Select(message => message.Id));
        Assert.Equal([7, 8, 9], after.Messages.Select(message => message.Id));
        Assert.Empty(none.Messages);
        Assert.Equal((server.LogId, 1, 10), (newest.LogId, newest.OldestId, newest.HeadId));
        Assert.All(newest.Messages, message => Assert.Equal(server.LogId, message.LogId));
    }

    [Fact]
    public async Task Rooms_are_listed_over_several_pages()
    {
        await using var chat = await ScriptedChat.StartAsync();
        chat.Rooms = request => new ListRoomsResponse
        {
            Rooms = { new Room { Name = $"room-{request.PageToken.Length}", HeadId = 7 } },
            NextPageToken = request.PageToken.Length < 3 ? request.PageToken + "x" : "",
        };
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        var names = new List<string>();
        await foreach (var room in client.ListRoomsAsync())
        {
            names.Add(room.Name);
        }

        Assert.Equal(["room-0", "room-1", "room-2", "room-3"], names);
    }

    [Fact]
    public async Task A_channel_of_the_application_works_without_a_socket()
    {
        using var data = new TempDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.Services.AddGrpcChat(chat => chat.Data = data.Path);
        await using var app = builder.Build();
        app.MapGrpcChat();
        await app.StartAsync();
        using var handler = app.GetTestServer().CreateHandler();
        using var channel = GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = handler });
        await using (var client = ChatClient.Open(LibraryTests.Quick("http://localhost") with { Channel = channel }))
        {
            await using var events = new ClientEvents(client);
            await client.JoinAsync("ops").Soon();
            var sent = await client.SendAsync("ops", "hello").Soon();
            await events.UntilAsync(taken => taken.Ids().Contains(sent.Id));
            Assert.Equal("hello", Assert.Single((await client.ReadHistoryAsync("ops").Soon()).Messages).Text);
        }

        // The channel belongs to the application, and is still open.
        Assert.Single((await new ChatService.ChatServiceClient(channel).ListRoomsAsync(new ListRoomsRequest())).Rooms);
    }
}
