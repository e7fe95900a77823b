using System.Diagnostics;
using Xunit;

namespace Chat.Tests.Model;

/// <summary>The whole contract of the stream at once: random sequences of calls, against a model in memory.</summary>
public sealed class ChatModelTests(ITestOutputHelper output)
{
    private const int Sequences = 10_000;
    private const int Workers = 16;
    private const ulong Seed = 20_260_203;

    [Fact]
    public async Task Ten_thousand_random_call_sequences_agree_with_the_model()
    {
        var begun = Stopwatch.GetTimestamp();
        await using var server = await ModelServer.StartAsync();
        var channel = server.Connect();
        var failure = await new ModelCheck(calls => SequenceRun.RunAsync(server, channel, calls)).RunAsync(Sequences, Seed, Workers);
        output.WriteLine($"{Sequences} sequences from seed {Seed} in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        output.WriteLine(server.Tally.ToString());
        Assert.True(failure is null, failure?.ToString());
    }
}
