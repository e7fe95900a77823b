using System.CommandLine;
using System.Diagnostics;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Commands;

/// <summary>`trim`: what a calm client notices while old messages are removed.</summary>
internal static class TrimCommand
{
    private const string Room = "old";
    private const int DefaultMessages = 1_000_000;
    private const double MostAdded = 20;

    // As long as the removal of the default number takes on a usual machine.
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(20);

    public static Command Create()
    {
        var messages = new Option<int>("--messages")
        {
            Description = "Messages that are removed",
            HelpName = "n",
            DefaultValueFactory = _ => DefaultMessages,
        };
        var command = new Command(
            "trim",
            """
            Measures how long a calm client waits for acks before and while Chat.Service trim removes a room's messages. Keeps no
            record. Exit code 1 = the calm client's p99 rose by more than 20 ms.
            """)
        {
            messages,
        };
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(messages), stop));
        return command;
    }

    private static async Task<int> RunAsync(int messages, CancellationToken stop)
    {
        var progress = Progress.OnStandardError(quiet: false);
        progress.Begin("trim");
        progress.Step("filling");
        await using var server = (GrpcPeerServer)await new GrpcChatPeer().StartAsync(new PeerSetup { Stored = messages, Rooms = [Room] });
        progress.Step("measuring");
        var before = await CalmClient.MeasureAsync(server, () => Task.Delay(Before, stop), stop);
        var begun = Stopwatch.GetTimestamp();
        var took = TimeSpan.Zero;
        var during = await CalmClient.MeasureAsync(
            server,
            async () =>
            {
                begun = Stopwatch.GetTimestamp();
                await TrimAsync(server.Database!, stop);
                took = Stopwatch.GetElapsedTime(begun);
            },
            stop);
        progress.Clear();

        var table = new MarkdownTable(["", "acks p50 (ms)", "p99 (ms)", "p99.9 (ms)", "longest (ms)"]);
        foreach (var (name, acks) in ((string, Latencies)[])[("before", before), ("during", during)])
        {
            table.Add(
            [
                name, Numbers.Text(acks.Percentile(50)), Numbers.Text(acks.Percentile(99)), Numbers.Text(acks.Percentile(99.9)),
                Numbers.Text(acks.Max),
            ]);
        }

        await Console.Out.WriteLineAsync($"{table}\n{messages:N0} messages were removed in {Numbers.Text(took.TotalSeconds)} s.");
        return during.Percentile(99) - before.Percentile(99) > MostAdded ? 1 : 0;
    }

    private static async Task TrimAsync(string database, CancellationToken stop)
    {
        using var trim = Process.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, GrpcChatPeer.ServiceName), "trim", "--data", Path.GetDirectoryName(database)!,
                "--room", Room, "--keep-messages", "0",
            ]);
        await trim.WaitForExitAsync(stop);
        if (trim.ExitCode != 0)
        {
            throw new InvalidOperationException($"trim ended with exit code {trim.ExitCode}");
        }
    }
}
