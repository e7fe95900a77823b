using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>How events change the conversation.</summary>
public sealed class MessageTests
{
    private readonly TestScreen screen = new();

    [Fact]
    public void A_message_shows_its_time_its_sender_and_its_text()
    {
        screen.Receive(1, "hello, world");

        Assert.Equal([" Wednesday, 15 July 2026 ", "09:14      alice   hello, world"], screen.Shown.Select(row => row.Trim('─')));
    }

    [Fact]
    public void A_message_that_arrives_leaves_the_input_line_as_it_was()
    {
        screen.Type("half a sen").Press(KeyName.Left);
        var (line, cursor) = (screen.Line, screen.Frame.CursorColumn);
        for (var id = 1; id < 100; id++)
        {
            screen.Receive(id, new string('x', id * 3));
        }

        Assert.Equal((line, cursor), (screen.Line, screen.Frame.CursorColumn));
        Assert.Equal("› half a sen", screen.Rows[^1]);
    }

    [Fact]
    public void Own_messages_are_shown_at_once_as_pending_and_ticked_when_they_are_stored()
    {
        screen.Enter("hello");
        Assert.Equal("            mira … hello", screen.Shown[^1]);
        Assert.Contains("1 unsent", screen.Status, StringComparison.Ordinal);

        var sent = Assert.IsType<SendText>(Assert.Single(screen.Intents()));
        Assert.Equal(("lobby", "hello"), (sent.Room, sent.Text));
        screen.Events.HandleEnqueued(sent, "k");
        screen.Take(new MessageAcked("lobby", "k", 1, false));
        Assert.Equal("            mira ✓ hello", screen.Shown[^1]);
        Assert.DoesNotContain("unsent", screen.Status, StringComparison.Ordinal);

        screen.Receive(1, "hello", "mira", clientOffset: "k");
        Assert.Equal("09:14       mira ✓ hello", screen.Shown[^1]);
        Assert.Equal(2, screen.Shown.Length);
    }

    [Fact]
    public void Pending_messages_stay_below_new_ones_and_take_their_place_when_they_arrive()
    {
        screen.Send("mine", "k").Receive(1, "before").Receive(2, "mine", "mira", clientOffset: "k").Receive(3, "after");

        Assert.Equal(["before", "mine", "after"], Texts());
    }

    [Fact]
    public void An_ack_also_ticks_what_was_sent_before_it_to_the_same_room()
    {
        screen.Send("one", "1").Send("two", "2").Send("three", "3").Join("ops").Send("other", "4").Press(Key.Alt('1'));
        screen.Take(new MessageAcked("lobby", "2", 2, false));

        Assert.Equal(["✓ one", "✓ two", "… three"], screen.Shown.Select(row => row[17..]));
        Assert.Contains("2 unsent", screen.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_message_is_marked_with_the_reason_and_stays_where_it_was()
    {
        var refused = new MessageRefused("lobby", "k", "too much", RefusalReason.TooLarge, "a text has 16384 bytes at most");
        screen.Send("too much", "k").Take(refused);
        screen.Receive(1, "later");

        Assert.Equal(
            ["mira ✗ too much", "not sent: a text has 16384 bytes at most"],
            screen.Shown[..2].Select(row => row.TrimStart()));
        Assert.EndsWith("later", screen.Shown[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("unsent", screen.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_without_a_description_shows_its_reason()
    {
        screen.Send("x", "k").Take(new MessageRefused("lobby", "k", "x", RefusalReason.Forbidden, ""));

        Assert.EndsWith("not sent: Forbidden", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_the_outbox_does_not_take_is_marked_as_refused()
    {
        screen.Enter("x");
        screen.Events.HandleFailure(screen.Intents().Single(), "the disk is full");

        Assert.EndsWith("✗ x", screen.Shown[^2], StringComparison.Ordinal);
        Assert.EndsWith("not sent: the disk is full", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal(0, screen.Model.Unanswered);
    }

    [Theory]
    [InlineData("ack")]
    [InlineData("message")]
    [InlineData("message, ack")]
    [InlineData("ack, message")]
    [InlineData("refusal")]
    public void An_answer_that_arrives_before_the_client_offset_is_not_lost(string answers)
    {
        screen.Enter("x");
        var sent = (SendText)screen.Intents().Single();
        foreach (var answer in answers.Split(", "))
        {
            screen.Take(answer switch
            {
                "ack" => new MessageAcked("lobby", "k", 1, false),
                "refusal" => new MessageRefused("lobby", "k", "x", RefusalReason.Invalid, "no"),
                _ => new MessageReceived(TestScreen.Message(1, "x", "mira", clientOffset: "k")),
            });
        }

        screen.Events.HandleEnqueued(sent, "k");

        Assert.Equal(0, screen.Model.Unanswered);
        Assert.Equal(answers == "refusal" ? "✗ x" : "✓ x", Assert.Single(screen.Shown, row => row.EndsWith('x'))[17..]);
    }

    [Fact]
    public void Messages_of_an_earlier_process_are_pending_at_the_start()
    {
        screen.Events.Handle(new PendingMessage("lobby", "old", "from before"));
        screen.Events.Handle(new PendingMessage("lobby", "old", "from before"));
        Assert.Equal("            mira … from before", Assert.Single(screen.Shown));

        screen.Take(new MessageAcked("lobby", "old", 1, true)).Receive(1, "from before", "mira", clientOffset: "old");
        Assert.Equal("09:14       mira ✓ from before", screen.Shown[^1]);
        Assert.Equal(2, screen.Shown.Length);
    }

    [Fact]
    public void A_message_that_was_stored_before_the_room_was_joined_does_not_stay_pending()
    {
        var late = new TestScreen(afterId: 50);
        late.Events.Handle(new PendingMessage("lobby", "old", "from before"));
        late.Take(new MessageAcked("lobby", "old", 40, true));

        Assert.DoesNotContain(late.Shown, row => row.Contains("from before", StringComparison.Ordinal));
        Assert.Equal(0, late.Model.Unanswered);
    }

    [Fact]
    public void A_message_that_is_stored_after_the_room_was_left_is_ticked()
    {
        screen.Send("last words", "k").Take(new RoomLeft("lobby", RefusalReason.Limit, "too many"));
        screen.Take(new MessageAcked("lobby", "k", 9, false));

        Assert.Contains(screen.Shown, row => row.EndsWith("✓ last words", StringComparison.Ordinal));
    }

    [Fact]
    public void A_message_that_the_user_sent_elsewhere_is_shown_as_an_own_one()
    {
        screen.Receive(1, "from the other window", "mira");

        Assert.Equal("09:14       mira ✓ from the other window", screen.Shown[^1]);
    }

    [Fact]
    public void An_erased_message_says_so()
    {
        screen.Take(new MessageReceived(TestScreen.Message(1, "") with { IsErased = true }));

        Assert.EndsWith("(erased)", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_message_is_not_shown()
    {
        screen.Receive(1, "one").Receive(2, "two").Receive(1, "one").Receive(2, "two").Receive(3, "three");

        Assert.Equal(["one", "two", "three"], Texts());
    }

    [Fact]
    public void A_gap_says_which_messages_are_missing()
    {
        screen.Receive(1, "one").Take(new RoomGap("lobby", 1, 41)).Receive(42, "two");

        Assert.Contains(screen.Shown, row => row.Contains("· the service no longer keeps messages 2 to 41", StringComparison.Ordinal));
        Assert.EndsWith("two", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_reset_ids_start_over_and_the_old_messages_stay_on_the_screen()
    {
        screen.Receive(1, "old one").Receive(2, "old two").Take(new RoomReset("lobby", "new log", 0));
        screen.Take(new MessageReceived(TestScreen.Message(1, "new one") with { LogId = "new log" }));

        Assert.Equal(["old one", "old two", "the service has a different log now; its messages follow", "new one"], Texts());
        screen.Press(KeyName.PageUp);
        Assert.Empty(screen.Intents()); // What is above belongs to a log that is gone.
    }

    [Fact]
    public void A_room_that_is_rejoined_at_a_later_position_shows_no_hole()
    {
        screen.Receive(1, "one").Take(new RoomJoined("lobby", "log", 100, 1, 100)).Receive(101, "new");

        Assert.Equal(["new"], Texts());
        screen.Press(KeyName.PageUp);
        Assert.Equal([new LoadOlder("lobby", 101)], screen.Intents());
    }

    [Fact]
    public void A_reconnect_is_silent()
    {
        screen.Receive(1, "one").Take(new RoomJoined("lobby", "log", 1, 1, 1)).Take(new RoomCaughtUp("lobby", 1)).Receive(2, "two");

        Assert.Equal(["one", "two"], Texts());
    }

    [Fact]
    public void A_failed_write_of_the_state_file_is_reported()
    {
        screen.Take(new StateWriteFailed("the disk is full; make room"));

        Assert.EndsWith("· the disk is full; make room", screen.Shown[^1], StringComparison.Ordinal);
    }

    private string[] Texts() =>
    [
        .. screen.Shown.Where(row => !row.StartsWith('─') && !row.Contains("PageUp", StringComparison.Ordinal))
            .Select(row => row[19..]),
    ];
}
