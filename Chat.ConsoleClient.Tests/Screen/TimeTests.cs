using System.Globalization;
using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The times on the screen are those of the service, and run forwards.</summary>
public sealed class TimeTests
{
    private const string SetBack = "the clock was set back";
    private readonly TestScreen screen = new();

    [Fact]
    public void A_time_is_local_and_shown_once_a_minute()
    {
        screen.Clock.Zone = TimeZoneInfo.CreateCustomTimeZone("here", TimeSpan.FromHours(2), "here", "here");
        Receive(0, 59, 60);

        Assert.Equal(["Wednesday, 15 July 2026", "11:14", "", "11:15"], Times());
    }

    [Fact]
    public void A_new_day_in_local_time_begins_with_a_rule_even_after_a_notice()
    {
        screen.Clock.Zone = TimeZoneInfo.CreateCustomTimeZone("here", TimeSpan.FromHours(2), "here", "here");
        screen.Receive(1, "late", at: new(2026, 7, 14, 21, 59, 0, TimeSpan.Zero));
        screen.Model.Say("a notice");
        screen.Receive(2, "early", at: new(2026, 7, 14, 22, 1, 0, TimeSpan.Zero));

        Assert.Equal(["Tuesday, 14 July 2026", "23:59", "", "Wednesday, 15 July 2026", "00:01"], Times());
    }

    [Fact]
    public void A_clock_of_this_machine_that_is_wrong_is_seen_nowhere()
    {
        screen.Clock.Utc = TestScreen.Now.AddMinutes(7);
        screen.Model.Say("a notice");
        screen.Receive(1, "one").Send("mine", "k").Send("refused", "l");
        Assert.Equal(["", "Wednesday, 15 July 2026", "09:14", "", ""], Times());

        screen.Take(new MessageRefused("lobby", "l", "refused", RefusalReason.Limit, "no"));
        screen.Receive(2, "mine", "mira", clientOffset: "k", at: TestScreen.Now.AddMinutes(1));
        Assert.Equal(["", "Wednesday, 15 July 2026", "09:14", "", "", "09:15"], Times());
    }

    [Fact]
    public void A_clock_that_goes_back_a_little_leaves_times_out_until_it_has_caught_up()
    {
        Receive(0, -120, -60, 0, 60);

        Assert.Equal(["Wednesday, 15 July 2026", "09:14", "", "", "", "09:15"], Times());
    }

    [Fact]
    public void A_clock_that_goes_back_a_little_over_midnight_begins_the_day_once()
    {
        var midnight = new DateTimeOffset(2026, 7, 16, 0, 0, 0, TimeSpan.Zero);
        foreach (var (seconds, index) in new[] { -30, 10, -20, 20 }.Select((seconds, index) => (seconds, index)))
        {
            screen.Receive(index + 1, "text", at: midnight.AddSeconds(seconds));
        }

        Assert.Equal(["Wednesday, 15 July 2026", "23:59", "Thursday, 16 July 2026", "00:00", "", ""], Times());
    }

    [Fact]
    public void A_clock_that_is_set_back_is_announced_by_a_rule()
    {
        Receive(0, -3600, -3540);

        Assert.Equal(["Wednesday, 15 July 2026", "09:14", SetBack, "08:14", "08:15"], Times());
    }

    [Fact]
    public void The_end_of_summer_time_is_announced_by_a_rule()
    {
        screen.Clock.Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        screen.Receive(1, "text", at: new(2026, 10, 25, 0, 59, 0, TimeSpan.Zero));
        screen.Receive(2, "text", at: new(2026, 10, 25, 1, 1, 0, TimeSpan.Zero));

        Assert.Equal(["Sunday, 25 October 2026", "02:59", SetBack, "02:01"], Times());
    }

    [Fact]
    public void Older_messages_that_are_loaded_keep_the_times_below_them_in_order()
    {
        var late = new TestScreen(afterId: 50);
        late.Receive(51, "text").Receive(52, "text", at: TestScreen.Now.AddMinutes(2));
        var page = TestScreen.Page(1, 50);
        late.Events.Handle(
            page with { Messages = [.. page.Messages.Select(one => one with { SentAt = TestScreen.Now.AddMinutes(1) })] }, "lobby");

        Assert.Equal(["09:16"], TimesOf(late).SkipWhile(time => time.Length > 0).Where(time => time.Length > 0));
    }

    [Fact]
    public void Times_never_go_back_without_a_rule_whatever_the_clock_does()
    {
        var random = new Random(7);
        for (var run = 0; run < 100; run++)
        {
            var (tall, at) = (new TestScreen(rows: 300, afterId: 40), TestScreen.Now);
            for (var id = 1; id <= 40; id++)
            {
                at = at.AddSeconds(random.Next(10) == 0 ? random.Next(-4000, 4000) : random.Next(-200, 300));
                tall.Receive(40 + id, "text", at: at);
                tall.Model.Say("a notice");
            }

            var page = TestScreen.Page(1, 40);
            tall.Events.Handle(
                page with { Messages = [.. page.Messages.Select(one => one with { SentAt = at.AddSeconds(random.Next(-5000, 0)) })] },
                "lobby");

            var last = TimeSpan.Zero;
            foreach (var shown in TimesOf(tall).Where(shown => shown.Length > 0))
            {
                var isTime = TimeSpan.TryParse(shown, CultureInfo.InvariantCulture, out var time);
                Assert.True(!isTime || time > last || last == TimeSpan.Zero, $"{time} after {last}");
                last = isTime ? time : TimeSpan.Zero;
            }
        }
    }

    // For each row its time, or the text of a rule.
    private static string[] TimesOf(TestScreen shown) =>
        [.. shown.Shown.Select(row => row.StartsWith('─') ? row.Trim('─', ' ') : row[..5].Trim())];

    private string[] Times() => TimesOf(screen);

    private void Receive(params int[] seconds)
    {
        foreach (var (second, index) in seconds.Select((second, index) => (second, index)))
        {
            screen.Receive(index + 1, "text", at: TestScreen.Now.AddSeconds(second));
        }
    }
}
