using System.Diagnostics;
using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>A flood costs little, and a screen without colours has none.</summary>
public sealed class SpeedTests
{
    // Far above the time that it takes, even on a busy machine, and far below the time of a quadratic algorithm.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_flood_costs_less_than_a_kilobyte_a_message_because_nothing_is_composed()
    {
        var screen = new TestScreen();
        var events = Enumerable.Range(1, 50_000)
            .Select(id => new MessageReceived(TestScreen.Message(id, $"message {id}", $"sender {id % 300}"))).ToList();
        var (begun, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        foreach (var received in events)
        {
            screen.Take(received);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

        Assert.InRange(allocated / events.Count, 0, 1000);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Enough);
        Assert.EndsWith("message 50000", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal(Timeline.Limit, screen.Model.Current.Timeline.Count);
    }

    [Fact]
    public void Fifty_thousand_own_messages_are_sent_acked_and_received_in_linear_time()
    {
        const int Count = 50_000;
        var screen = new TestScreen();
        var begun = Stopwatch.GetTimestamp();
        for (var i = 1; i <= Count; i++)
        {
            screen.Press(Key.Typed("x"), new Key(KeyName.Enter));
        }

        var sends = screen.Intents().Cast<SendText>().ToList();
        for (var i = 1; i <= Count; i++)
        {
            screen.Events.HandleEnqueued(sends[i - 1], $"k{i}");
        }

        Assert.Equal(Count, screen.Model.Unanswered);
        for (var i = 1; i <= Count; i++)
        {
            screen.Take(new MessageAcked("lobby", $"k{i}", i, false)).Receive(i, "x", "mira", clientOffset: $"k{i}");
        }

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Enough);
        Assert.Equal(0, screen.Model.Unanswered);
        Assert.Equal(Timeline.Limit, screen.Model.Current.Timeline.Count);
    }

    [Fact]
    public void A_sender_always_has_the_same_colour_and_few_share_one()
    {
        var names = Enumerable.Range(0, 60).Select(n => $"user{n}").ToList();
        var colours = names.Select(name => new Palette(hasColours: true).ChooseForSender(name)).ToList();

        Assert.Equal(colours, names.Select(name => new Palette(hasColours: true).ChooseForSender(name)));
        Assert.InRange(colours.GroupBy(colour => colour).Max(group => group.Count()), 1, 12);
        Assert.InRange(colours.Distinct().Count(), 10, 12);
    }

    [Fact]
    public void Without_colours_no_cell_has_one_and_the_text_is_the_same()
    {
        var screen = new TestScreen().Receive(1, "hello").Send("x", "k").Send("y", "l").Join("ops").Receive(2, "new");
        screen.Take(new MessageAcked("lobby", "k", 2, false)).Take(new MessageRefused("lobby", "l", "y", RefusalReason.Limit, "no"));
        screen.Take(new ConnectionChanged(ConnectionState.Waiting, new(ProblemKind.Broken, "broken", null))).Press(Key.Alt('1'));
        var plain = View.Compose(screen.Model, new(hasColours: false));
        var coloured = View.Compose(screen.Model, new(hasColours: true));

        Assert.All(plain.Rows.SelectMany(row => row), cell => Assert.Equal((0, 0), (cell.Style.Colour, cell.Style.Background)));
        Assert.Contains(coloured.Rows.SelectMany(row => row), cell => cell.Style.Colour != 0);
        Assert.Equal(Texts(plain), Texts(coloured));

        static IEnumerable<string> Texts(Frame frame) => frame.Rows.SelectMany(row => row).Select(cell => cell.Text);
    }
}
