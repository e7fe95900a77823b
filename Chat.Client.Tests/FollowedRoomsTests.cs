using GrpcChat.Client.Delivery;
using GrpcChat.Client.State;
using GrpcChat.Shared;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The rooms of a client without a stream: what they ask of it, and what follows from its answers.</summary>
public sealed class FollowedRoomsTests
{
    private readonly MemoryStateKeeper state = new();
    private readonly EventQueue events = new(8, 10_000, new WakeSignal());
    private readonly WakeSignal wakeUp = new();
    private readonly FollowedRooms rooms;

    public FollowedRoomsTests() => rooms = new FollowedRooms(state, events, wakeUp, TimeProvider.System);

    [Fact]
    public async Task A_room_that_was_left_is_left_by_its_name_at_once_and_keeps_nobody_waiting()
    {
        Join("ops");
        Join("dev");
        CatchUp("ops");
        await wakeUp.WaitAsync();
        Assert.Null(rooms.CaughtUpAt);
        Assert.True(rooms.Leave("dev"));

        Assert.True(wakeUp.WaitAsync().AsTask().IsCompleted);
        Assert.NotNull(rooms.CaughtUpAt);
        Assert.Equal("dev", Assert.Single(Fill().Leaves).Room);
    }

    [Fact]
    public void A_room_that_the_service_ends_keeps_the_others_from_being_caught_up_no_longer()
    {
        Join("ops");
        Join("dev");
        CatchUp("ops");
        rooms.Take(new ChatResponse { Left = { new Left { Room = "dev", Reason = Reason.Forbidden, Detail = "no" } } });

        Assert.NotNull(rooms.CaughtUpAt);
    }

    [Fact]
    public void A_room_that_pauses_is_left_by_its_name()
    {
        Join("ops");
        for (var id = 1; id <= 8; id++)
        {
            rooms.Take(new ChatResponse { Messages = { new Message { Room = "ops", Id = id, Text = "x" } } });
        }

        Assert.Equal("ops", Assert.Single(Fill().Leaves).Room);
    }

    [Fact]
    public async Task After_a_gap_the_position_is_behind_it_although_no_message_follows()
    {
        state.Start("ops", new Position(0, "log", 3));
        Join("ops", new Joined { Room = "ops", LogId = "log", AfterId = 9, HeadId = 9, OldestId = 10, Resume = Resume.Gap });
        var outbox = new Outbox(state, events, wakeUp, new ChatClientOptions());
        var reader = new EventReader(events, outbox, state, CommitMode.Auto);
        events.Complete(null);
        var read = new List<ChatEvent>();
        await foreach (var happened in reader.ReadAsync(default))
        {
            read.Add(happened);
        }

        Assert.Equal(new RoomGap("ops", 3, 9), Assert.Single(read.OfType<RoomGap>()) with { Taken = null });
        Assert.Equal(9, state.PositionOf("ops")?.Id);
    }

    [Fact]
    public async Task A_reset_at_the_first_join_names_the_log_that_the_application_asked_for()
    {
        var answer = new Joined { Room = "ops", LogId = "new", AfterId = 0, OldestId = 1, Resume = Resume.Reset };
        Join("ops", answer, JoinFrom.After(7, "old"));
        await events.TakeAsync(default);

        var reset = Assert.IsType<RoomReset>(await events.TakeAsync(default));
        Assert.Equal(("old", "new", 7), (reset.FormerLogId, reset.LogId, reset.LastId));
    }

    [Fact]
    public async Task A_join_after_the_end_is_told_what_ended_it_first()
    {
        var first = new InvalidOperationException("first");
        rooms.Close(first);
        rooms.Close(new InvalidOperationException("second"));

        Assert.Same(first, await Assert.ThrowsAsync<InvalidOperationException>(() => rooms.Join("ops", JoinFrom.Start)));
    }

    private void Join(string name) => Join(name, new Joined { Room = name, LogId = "log", OldestId = 1 });

    private void Join(string name, Joined answer, JoinFrom? from = null)
    {
        var joining = rooms.Join(name, from ?? JoinFrom.Start);
        Assert.Equal(name, Assert.Single(Fill().Joins).Room);
        Assert.Null(rooms.Take(new ChatResponse { Joined = { answer } }));
        Assert.True(joining.IsCompletedSuccessfully);
    }

    private void CatchUp(string name) =>
        rooms.Take(new ChatResponse { CaughtUp = { new CaughtUp { Room = name } } });

    private ChatRequest Fill()
    {
        var request = new ChatRequest();
        rooms.Fill(request);
        return request;
    }
}
