using GrpcChat.V1;
using GrpcChat.Verify.History;
using Xunit;

namespace GrpcChat.Verify.Tests.Checking;

/// <summary>For every rule, a history that breaks this rule only, and one beside it that breaks none.</summary>
public sealed class RuleTests
{
    [Fact]
    public void A_plain_history_breaks_no_rule() => AssertBroken(
        new Script()
            .Join("ann", 0)
            .Store("bob", "a", 1).Store("bob", "b", 2)
            .Receive("ann", 1, "a").Receive("ann", 2, "b")
            .Final(["a", "b"]));

    [Theory]
    [InlineData("other", "C1")]
    [InlineData("a")]
    public void C1_breaks_where_an_id_has_two_texts(string received, params string[] broken) => AssertBroken(
        new Script()
            .Join("ann", 0)
            .Store("bob", "a", 1).Send("bob", "a", "other").Refuse("bob", "a", "other")
            .Receive("ann", 1, "a", received)
            .Final(["a"]),
        broken);

    [Theory]
    [InlineData("a", "C2")]
    [InlineData("b")]
    public void C2_breaks_where_a_message_has_two_ids(string second, params string[] broken) => AssertBroken(
        new Script().Store("bob", "a", 1).Send("bob", "b").Refuse("ann", "b").Send("bob", "b").Final(["a", second]), broken);

    [Theory]
    [InlineData(1, "C3")]
    [InlineData(2)]
    public void C3_breaks_where_an_acked_message_is_not_in_the_log(int stored, params string[] broken) => AssertBroken(
        new Script().Store("bob", "a", 1).Store("bob", "b", 2).Final(((string[])["a", "b"])[..stored]), broken);

    [Theory]
    [InlineData(2, "C3")]
    [InlineData(1)]
    public void C3_breaks_where_an_ack_has_the_id_of_another_message(long acked, params string[] broken) => AssertBroken(
        new Script().Send("bob", "a").Send("bob", "b").Ack("bob", "a", acked).Ack("bob", "b", 2).Final(["a", "b"]), broken);

    [Fact]
    public void C3_breaks_where_the_same_client_offset_was_acked_with_another_text() => AssertBroken(
        new Script().Store("bob", "a", 1).Send("bob", "a", "other").Ack("bob", "a", 1, "other").Final(["a"]), "C3");

    [Theory]
    [InlineData(1, "C4")]
    [InlineData(0)]
    public void C4_breaks_where_a_refused_message_is_in_the_log(int stored, params string[] broken) => AssertBroken(
        new Script().Send("bob", "a").Refuse("bob", "a").Final(((string[])["a"])[..stored]), broken);

    [Fact]
    public void C4_allows_a_message_of_which_one_attempt_has_no_answer() => AssertBroken(
        new Script().Send("bob", "a").Send("bob", "a").Refuse("bob", "a").Final(["a"]));

    [Theory]
    [InlineData("b", "C5")]
    [InlineData("a")]
    public void C5_breaks_where_nobody_sent_what_is_received(string received, params string[] broken) => AssertBroken(
        new Script().Send("bob", "a").Ack("bob", "a", 1).Final(["a", .. received == "a" ? [] : (string[])[received]]), broken);

    [Fact]
    public void C5_breaks_where_a_message_is_received_before_it_is_sent() => AssertBroken(
        new Script().Join("ann", 0).Receive("ann", 1, "a").Store("bob", "a", 1).Final(["a"]), "C5");

    [Theory]
    [InlineData(false, "C6")]
    [InlineData(true)]
    public void C6_breaks_where_a_session_skips_an_id(bool complete, params string[] broken)
    {
        var script = new Script().Join("ann", 0).Store("bob", "a", 1).Store("bob", "b", 2).Store("bob", "c", 3).Receive("ann", 1, "a");
        AssertBroken((complete ? script.Receive("ann", 2, "b") : script).Receive("ann", 3, "c").Final(["a", "b", "c"]), broken);
    }

    [Fact]
    public void C6_breaks_where_a_session_repeats_the_message_that_it_resumes_from() => AssertBroken(
        new Script().Store("bob", "a", 1).Store("bob", "b", 2).Join("ann", 1).Receive("ann", 1, "a").Receive("ann", 2, "b").Final(["a", "b"]), "C6");

    [Fact]
    public void C6_breaks_where_a_message_comes_without_a_join() => AssertBroken(
        new Script().Store("bob", "a", 1).Receive("ann", 1, "a").Final(["a"]), "C6");

    [Theory]
    [InlineData(Resume.Complete, "C6")]
    [InlineData(Resume.Gap)]
    [InlineData(Resume.Reset)]
    public void C6_breaks_where_a_gap_is_not_told(Resume told, params string[] broken) => AssertBroken(
        new Script()
            .Store("bob", "a", 1).Store("bob", "b", 2).Store("bob", "c", 3)
            .Join("ann", 1, after: 2, told).Receive("ann", 3, "c")
            .Final(["a", "b", "c"]),
        broken);

    [Fact]
    public void A_reader_that_retention_overtakes_breaks_no_rule() => AssertBroken(
        new Script()
            .Join("ann", 0)
            .Store("bob", "a", 1).Store("bob", "b", 2).Store("bob", "c", 3).Store("bob", "d", 4)
            .Receive("ann", 1, "a").Skip("ann", 3).Receive("ann", 4, "d")
            .Final(["d"], after: 3));

    [Fact]
    public void A_room_of_which_nothing_is_kept_breaks_no_rule() => AssertBroken(
        new Script().Join("ann", 0).Store("bob", "a", 1).Receive("ann", 1, "a").Store("bob", "b", 2).Skip("ann", 2).Final([], after: 2));

    [Fact]
    public void C6_breaks_where_a_stream_that_was_overtaken_goes_back() => AssertBroken(
        new Script()
            .Join("ann", 0)
            .Store("bob", "a", 1).Store("bob", "b", 2)
            .Receive("ann", 1, "a").Receive("ann", 2, "b").Skip("ann", 1).Receive("ann", 2, "b")
            .Final(["b"], after: 1),
        "C6");

    [Theory]
    [InlineData("former", Resume.Complete, "C6")]
    [InlineData("former", Resume.Reset)]
    [InlineData("log", Resume.Complete)]
    public void C6_breaks_where_a_position_of_another_log_is_continued(string askedLog, Resume told, params string[] broken) => AssertBroken(
        new Script().Store("bob", "a", 1).Store("bob", "b", 2)
            .Join("ann", 1, after: 1, told, askedLog).Receive("ann", 2, "b")
            .Final(["a", "b"]),
        broken);

    [Theory]
    [InlineData(1, "C7")]
    [InlineData(2)]
    public void C7_breaks_where_a_session_has_what_the_log_does_not_have(int stored, params string[] broken) => AssertBroken(
        new Script().Join("ann", 0)
            .Store("bob", "a", 1).Send("bob", "b").Send("bob", "b").Refuse("bob", "b")
            .Receive("ann", 1, "a").Receive("ann", 2, "b")
            .Final(((string[])["a", "b"])[..stored]),
        broken);

    [Theory]
    [InlineData(true, "C8")]
    [InlineData(false)]
    public void C8_breaks_where_what_was_acked_before_has_the_larger_id(bool ackedBefore, params string[] broken)
    {
        var script = new Script().Send("bob", "a");
        AssertBroken(
            (ackedBefore ? script.Ack("bob", "a", 2).Send("cid", "b") : script.Send("cid", "b").Ack("bob", "a", 2)).Ack("cid", "b", 1).Final(["b", "a"]),
            broken);
    }

    [Fact]
    public void C8_does_not_count_a_repetition_as_a_later_send() => AssertBroken(
        new Script().Send("bob", "a").Send("cid", "b").Ack("cid", "b", 2).End("bob", SessionEnd.Broken).Send("bob", "a").Ack("bob", "a", 1).Final(["a", "b"]));

    [Theory]
    [InlineData("bob", "C9")]
    [InlineData("cid")]
    public void C9_breaks_where_the_messages_of_one_client_change_places(string second, params string[] broken) => AssertBroken(
        new Script().Send("bob", "a").Send(second, "b").Ack(second, "b", 1).Ack("bob", "a", 2).Final(["b", "a"]), broken);

    [Fact]
    public void C9_excepts_a_message_of_which_an_attempt_was_refused() => AssertBroken(
        new Script().Send("bob", "a").Refuse("bob", "a").Send("bob", "b").Send("bob", "a").Ack("bob", "b", 1).Ack("bob", "a", 2).Final(["b", "a"]));

    [Fact]
    public void C9_does_not_except_a_message_whose_client_offset_was_refused_with_another_text() => AssertBroken(
        new Script().Send("bob", "a").Send("bob", "b").Ack("bob", "b", 1).Ack("bob", "a", 2)
            .Send("bob", "a", "other").Refuse("bob", "a", "other").Final(["b", "a"]),
        "C9");

    [Fact]
    public void C9_counts_from_the_first_send_across_streams() => AssertBroken(
        new Script().Send("bob", "a").Send("bob", "b").End("bob", SessionEnd.Broken)
            .Send("bob", "b").Send("bob", "a").Ack("bob", "b", 1).Ack("bob", "a", 2).Final(["b", "a"]),
        "C9");

    [Theory]
    [InlineData(1, "C10")]
    [InlineData(2)]
    public void C10_breaks_where_what_was_read_before_a_crash_is_gone(int stored, params string[] broken) => AssertBroken(
        new Script().Join("ann", 0)
            .Store("bob", "a", 1).Send("bob", "b").Receive("ann", 1, "a").Receive("ann", 2, "b")
            .Kill()
            .Send("bob", "b").Refuse("bob", "b")
            .Final(((string[])["a", "b"])[..stored]),
        broken);

    [Theory]
    [InlineData(2, "C11")]
    [InlineData(1)]
    public void C11_breaks_where_a_repeated_ack_has_another_id(long second, params string[] broken) => AssertBroken(
        new Script().Store("bob", "a", 1).Store("bob", "a", second).Final([], after: 2), broken);

    [Theory]
    [InlineData(false, "C12")]
    [InlineData(true)]
    public void C12_breaks_where_a_send_has_no_answer(bool answered, params string[] broken)
    {
        var script = new Script().Send("bob", "a");
        AssertBroken((answered ? script.Ack("bob", "a", 1) : script).Final(["a"]), broken);
    }

    [Theory]
    [InlineData(false, "C12")]
    [InlineData(true)]
    public void C12_breaks_where_a_reader_that_did_not_leave_misses_the_end(bool left, params string[] broken) => AssertBroken(
        new Script().Join("ann", 0).Store("bob", "a", 1).Receive("ann", 1, "a").End("ann", left ? SessionEnd.Left : SessionEnd.Broken).Store("bob", "b", 2).Final(["a", "b"]), broken);

    [Fact]
    public void C12_breaks_where_the_log_cannot_be_read() => AssertBroken(new Script().Store("bob", "a", 1).Settle(), "C12");

    [Fact]
    public void C12_breaks_where_the_history_ends_too_early()
    {
        var verdict = new Script().Verdicts[^1];

        Assert.Equal("C12", verdict.Rule);
        Assert.Contains(verdict.First, violation => violation.Message.Contains("ends before everything was over", StringComparison.Ordinal));
    }

    [Fact]
    public void The_excerpt_of_a_violation_is_the_events_that_prove_it_in_order()
    {
        var script = new Script().Store("bob", "x", 1).Store("bob", "a", 3).Store("cid", "b", 2).Final(["x", "b", "a"]);

        var violation = Assert.Single(script.Verdicts.Single(verdict => verdict.Rule == "C8").First);

        Assert.Equal(
            [EventKind.Acked, EventKind.SendInvoked, EventKind.Received],
            violation.Events.Select(index => script.Recording.Events[index].Kind));
        Assert.Equal([3, 0, 2], violation.Events.Select(index => script.Recording.Events[index].Id));
    }

    [Fact]
    public void The_rules_are_C1_to_C12_in_order() =>
        Assert.Equal(Enumerable.Range(1, 12).Select(n => $"C{n}"), new Script().Verdicts.Select(verdict => verdict.Rule));

    private static void AssertBroken(Script script, params string[] broken) => Assert.Equal(broken, script.Broken);
}
