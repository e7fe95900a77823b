using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Model;

/// <summary>
/// That the model can fail: servers with one fault each, which is found and shown by a small sequence.
/// </summary>
public sealed class WrongServerTests
{
    private const ulong Seed = 1;

    [Fact]
    public Task A_model_run_catches_a_log_that_does_not_compare_texts() =>
        CaughtAsync(log => new LogThatDoesNotCompareTexts(log), within: 100, steps: 2, "duplicate arrived instead of a refusal of a/k0 because of OffsetReused");

    [Fact]
    public Task A_model_run_catches_a_log_that_forgets_client_offsets_with_their_stream() =>
        CaughtAsync(log => new LogThatForgetsClientOffsetsWithTheirStream(log), within: 100, steps: 3, "new arrived instead of an ack", "message 2 of a arrived");

    [Fact]
    public Task A_model_run_catches_a_log_that_shares_client_offsets_among_senders() =>
        CaughtAsync(log => new LogThatSharesClientOffsetsAmongSenders(log), within: 100, steps: 2, "arrived instead of an ack");

    [Fact]
    public Task A_model_run_catches_a_log_that_acks_the_next_id() =>
        CaughtAsync(log => new LogThatAcksTheNextId(log), within: 20, steps: 1, "with id 2, new arrived instead of an ack of a/k0 with id 1");

    [Fact]
    public Task A_model_run_catches_a_log_that_knows_no_duplicates() =>
        CaughtAsync(log => new LogThatKnowsNoDuplicates(log), within: 100, steps: 2, "new arrived instead of an ack of a/k0 with id 1, duplicate");

    [Fact]
    public Task A_model_run_catches_a_log_that_acks_what_it_does_not_store() =>
        CaughtAsync(log => new LogThatAcksWhatItDoesNotStore(log), within: 100, steps: 1, "message 1 of a");

    [Fact]
    public Task A_model_run_catches_a_log_that_loses_a_message() =>
        CaughtAsync(log => new LogThatLosesAMessage(log), within: 100, steps: 2, "message 2 of a");

    [Fact]
    public Task A_model_run_catches_a_log_that_repeats_a_message() =>
        CaughtAsync(log => new LogThatRepeatsAMessage(log), within: 20, steps: 1, "message 1 of a arrived after 1");

    [Fact]
    public Task A_model_run_catches_a_log_that_mixes_up_senders() =>
        CaughtAsync(log => new LogThatMixesUpSenders(log), within: 20, steps: 1, "\"sender\": \"bob\"");

    [Fact]
    public Task A_model_run_catches_a_log_that_returns_an_old_head() =>
        CaughtAsync(log => new LogThatReturnsAnOldHead(log), within: 20, steps: 1, "Joined of a with head 0 arrived instead of");

    [Fact]
    public Task A_model_run_catches_a_resume_that_ignores_the_log_id() => CaughtAsync(
        OnTheWay(request => [Changed(request, changed => changed.Joins.ToList().ForEach(join => join.LogId = ""))]),
        within: 100,
        steps: 1,
        "RESUME_RESET");

    [Fact]
    public Task A_model_run_catches_a_replay_that_ignores_its_limit() => CaughtAsync(
        OnTheWay(request => [Changed(request, changed => changed.Joins.ToList().ForEach(join => join.ReplayLimit = Math.Min(0, join.ReplayLimit)))]),
        within: 200,
        steps: 3,
        "Joined {");

    [Fact]
    public Task A_model_run_catches_joins_that_are_taken_before_leaves() => CaughtAsync(
        OnTheWay(request => request is { Leaves.Count: > 0, Joins.Count: > 0 }
            ? [new ChatRequest { Joins = { request.Joins } }, Changed(request, changed => changed.Joins.Clear())]
            : [request]),
        within: 200,
        steps: 1,
        "arrived instead of Left of");

    [Fact]
    public Task A_model_run_catches_a_text_limit_that_is_off_by_one() =>
        CaughtAsync(Set(options => options.MaxTextBytes++), within: 200, steps: 1, "TooLarge", "message 1 of a arrived");

    [Fact]
    public Task A_model_run_catches_a_limit_of_joined_rooms_that_is_off_by_one() =>
        CaughtAsync(Set(options => options.MaxRoomsPerStream++), within: 400, steps: 2, "Left of");

    [Fact]
    public Task A_model_run_catches_a_limit_of_new_rooms_that_is_off_by_one() =>
        CaughtAsync(Set(options => options.MaxNewRoomsPerSenderAndMinute--), within: 100, steps: 2, "Limit");

    [Fact]
    public async Task A_failure_shows_its_seed_which_replays_it_and_the_smallest_sequence()
    {
        await using var server = await WithLog(log => new LogThatAcksTheNextId(log));
        var check = new ModelCheck(calls => SequenceRun.RunAsync(server, calls));
        var failure = await check.RunAsync(100, Seed);
        Assert.NotNull(failure);
        var text = failure.ToString();
        Assert.Contains("""
            Smallest sequence (a client without a stream first opens one in room a):
               1. ann: send one to a as k0
            There, in step 1, ann received something wrong: an ack of a/k0 with id 2, new arrived instead of an ack of a/k0 with id 1, new.
            """, text, StringComparison.Ordinal);

        var seed = text.Split('\n').Single(line => line.StartsWith("Seed: ", StringComparison.Ordinal))["Seed: ".Length..];
        var again = await new ModelCheck(calls => SequenceRun.RunAsync(server, calls)).ReplayAsync(seed);
        Assert.Equal(failure.Found.Select(call => call.ToString()), again?.Found.Select(call => call.ToString()));
    }

    private static Task CaughtAsync(
        Func<IMessageLog, IMessageLog> damage,
        int within,
        int steps,
        params string[] differences) => CaughtAsync(WithLog(damage), within, steps, differences);

    private static async Task CaughtAsync(Task<ModelServer> starting, int within, int steps, params string[] differences)
    {
        await using var server = await starting;
        server.ExpectErrors();
        server.AnswersWhatIsDropped = true;
        var failure = await new ModelCheck(calls => SequenceRun.RunAsync(server, calls)).RunAsync(within, Seed);

        Assert.True(failure is not null, $"{within} sequences found nothing wrong.");
        Assert.True(
            failure.Shrunk.Length <= steps && differences.Any(difference => failure.Difference.Contains(difference, StringComparison.Ordinal)),
            failure.ToString());
    }

    private static Task<ModelServer> WithLog(Func<IMessageLog, IMessageLog> damage) =>
        ModelServer.StartAsync(openLog: (data, limits) => damage(TestLog.Open(data, new LogOptions
        {
            MaxRooms = limits.MaxRooms,
            MaxNewRoomsPerSenderAndMinute = limits.MaxNewRoomsPerSender,
            Time = new ManualTime(),
        })));

    private static Task<ModelServer> Set(Action<ChatOptions> set) => ModelServer.StartAsync(set: set);

    private static async Task<ModelServer> OnTheWay(Func<ChatRequest, IEnumerable<ChatRequest>> change)
    {
        var server = await ModelServer.StartAsync();
        server.OnTheWay = change;
        return server;
    }

    private static ChatRequest Changed(ChatRequest request, Action<ChatRequest> change)
    {
        var changed = request.Clone();
        change(changed);
        return changed;
    }
}
