using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using GrpcChat.Bench.Hostile;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Commands;

/// <summary>
/// `hostile`: what a calm client notices while others attack the service. `attack` is the other side, in a process of
/// its own.
/// </summary>
internal static class HostileCommand
{
    private const string AttackName = "attack";
    private const int DefaultSeconds = 5;
    private const int PageMessages = 5000;

    // Attackers on another machine would use its processor. Here they get what is left over, so that what the calm
    // client notices is what the service spends on them.
    private const string Priority = "0";

    // Another address than the calm client's.
    private static readonly IPAddress AttackersAddress = IPAddress.Parse("127.0.0.2");

    private static readonly TimeSpan TimeToBegin = TimeSpan.FromSeconds(2);

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds")
        {
            Description = "Measured time before and during each attack",
            HelpName = "s",
            DefaultValueFactory = _ => DefaultSeconds,
        };
        var names = new Argument<string[]>("attacks")
        {
            Description = "The attacks",
            DefaultValueFactory = _ => [.. Attack.All.Select(attack => attack.Name)],
        };
        names.AcceptOnlyFromAmong([.. Attack.All.Select(attack => attack.Name)]);
        var command = new Command(
            "hostile",
            """
            Measures how long a calm client waits for acks before and during attacks from another address of this machine, by
            processes with the lowest priority. Keeps no record. Exit code 1 = the calm client's p99 more than doubled.
            """)
        {
            names, seconds,
        };
        command.SetAction((parsed, stop) =>
            RunAsync(parsed.GetValue(names)!, TimeSpan.FromSeconds(parsed.GetValue(seconds)), stop));
        return command;
    }

    /// <summary>The attackers, for <see cref="Create"/> alone.</summary>
    public static Command CreateAttack()
    {
        var (name, address) = (new Argument<string>("name"), new Argument<string>("address"));
        var command = new Command(AttackName, "Attacks a service until it is ended.") { name, address };
        command.Hidden = true;
        command.SetAction(async (parsed, stop) =>
        {
            var attack = Attack.All.Single(attack => attack.Name == parsed.GetValue(name));
            var connections = await attack.AttackAsync(new Uri(parsed.GetValue(address)!), AttackersAddress, stop);
            await Console.Out.WriteLineAsync(connections.ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }

    private static async Task<int> RunAsync(string[] names, TimeSpan length, CancellationToken stop)
    {
        var table = new MarkdownTable(
            ["attack", "calm p50 (ms)", "calm p99 (ms)", "attacked p50 (ms)", "attacked p99 (ms)", "p99 ratio", "server CPU", "connections"]);
        var isHarmed = false;
        foreach (var name in names)
        {
            var progress = Progress.OnStandardError(quiet: false);
            progress.Begin(name);
            progress.Step("measuring");

            // A service of its own for each: what one attack leaves behind is not the next one's.
            await using var server = (GrpcPeerServer)await new GrpcChatPeer().StartAsync(
                new PeerSetup { Stored = PageMessages, Rooms = [Attack.FullRoom] });
            var calm = await CalmClient.MeasureAsync(server, () => Task.Delay(length, stop), stop);
            using var attackers = Start(name, server.Address);
            await Task.Delay(TimeToBegin, stop);
            var cpu = server.Usage.Cpu;
            var begun = Stopwatch.GetTimestamp();
            var attacked = await CalmClient.MeasureAsync(server, () => Task.Delay(length, stop), stop);
            var used = (server.Usage.Cpu - cpu) / Stopwatch.GetElapsedTime(begun);
            var connections = await EndAsync(attackers);
            progress.Clear();

            var ratio = attacked.Percentile(99) / calm.Percentile(99);
            isHarmed |= ratio > 2;
            table.Add(
            [
                name, Numbers.Text(calm.Percentile(50)), Numbers.Text(calm.Percentile(99)), Numbers.Text(attacked.Percentile(50)),
                Numbers.Text(attacked.Percentile(99)), Numbers.Text(ratio), Numbers.Text(used), connections,
            ]);
        }

        await Console.Out.WriteLineAsync(table.ToString());
        return isHarmed ? 1 : 0;
    }

    private static Process Start(string name, Uri address)
    {
        string[] command =
        [
            "--idle", Priority, "dotnet", Path.Combine(AppContext.BaseDirectory, "Chat.Bench.dll"), AttackName, name, address.OriginalString,
        ];
        return Process.Start(new ProcessStartInfo("chrt", command) { RedirectStandardOutput = true })!;
    }

    // Returns the connections that they made, as they tell at their end.
    private static async Task<string> EndAsync(Process attackers)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{attackers.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return (await attackers.StandardOutput.ReadToEndAsync(limit.Token)).Trim();
        }
        catch (OperationCanceledException)
        {
            attackers.Kill();
            return "?";
        }
    }
}
