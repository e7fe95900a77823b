using System.Diagnostics;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary><c>chat tail</c>, as a child process, against the real service.</summary>
public sealed class TailCommandTests
{
    [Fact]
    public async Task Tail_with_a_state_file_continues_after_the_last_line_that_it_wrote()
    {
        await using var server = await ChatServer.StartAsync();
        using var directory = new TempDirectory();
        string[] command = ["tail", "--address", $"{server.Address}", "--state", Path.Combine(directory.Path, "state"), "--since", "0"];
        await server.FillAsync("lobby", 3);
        using (var first = Process.Start(ClientProcess.StartInfo(command))!)
        {
            for (var n = 1; n <= 3; n++)
            {
                Assert.EndsWith($"filler: {n} ", await ReadAsync(first), StringComparison.Ordinal);
            }

            await InterruptAsync(first);
        }

        await server.SendOnceAsync("ann", "lobby", "k", "meanwhile");
        using var second = Process.Start(ClientProcess.StartInfo(command))!;
        Assert.EndsWith("ann: meanwhile", await ReadAsync(second), StringComparison.Ordinal);
        await InterruptAsync(second);
    }

    [Fact]
    public async Task Tail_writes_old_and_new_messages_as_proto3_JSON()
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("ann", "ops", "k1", "one");
        await server.SendOnceAsync("Zoë", "ops", "k2", "t\"wo");
        using var tail = Process.Start(
            ClientProcess.StartInfo(["tail", "--address", $"{server.Address}", "--room", "ops", "--since", "1", "--json"]))!;
        var second = Message.Parser.ParseJson(await ReadAsync(tail));
        await server.SendOnceAsync("ann", "ops", "k3", "three");
        var third = Message.Parser.ParseJson(await ReadAsync(tail));

        Assert.Equal(("ops", 2, "Zoë", "t\"wo", "k2"), (second.Room, second.Id, second.Sender, second.Text, second.ClientOffset));
        Assert.Equal((3, "three"), (third.Id, third.Text));
        Assert.Equal(await ReadHistoryAsync(server, "ops"), [(await ReadHistoryAsync(server, "ops"))[0], second, third]);
        await InterruptAsync(tail);
        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
    }

    [Theory]
    [Trait("Log", "sqlite")]
    [InlineData(false, "· the service has a different log now; its messages follow")]
    [InlineData(true, "· the service has an older copy of its log now, without message 5; its messages follow")]
    public async Task After_a_restore_a_tail_with_a_state_file_says_which_log_the_service_has(bool isSameLog, string said)
    {
        using var directory = new TempDirectory();
        var (data, copy) = (Path.Combine(directory.Path, "data"), Path.Combine(directory.Path, "copy"));
        await using var first = await ServiceProcess.StartAsync(data);
        string[] more = ["--address", $"{first.Address}"];
        string[] command = ["tail", .. more, "--state", Path.Combine(directory.Path, "state"), "--since", "0"];
        await ClientProcess.RunAsync(["send", .. more], "1\n2\n"u8.ToArray());
        if (isSameLog)
        {
            using var backup = Process.Start("sqlite3", [Path.Combine(data, "chat.db"), $".backup {copy}"]);
            await backup.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
            Directory.CreateDirectory(copy + ".d");
            File.Move(copy, Path.Combine(copy + ".d", "chat.db"));
            File.Copy(Path.Combine(data, "chat.db.witness"), Path.Combine(copy + ".d", "chat.db.witness"));
        }

        await ClientProcess.RunAsync(["send", .. more], "3\n4\n5\n"u8.ToArray());
        using (var tail = Process.Start(ClientProcess.StartInfo(command))!)
        {
            for (var n = 1; n <= 5; n++)
            {
                await ReadAsync(tail);
            }

            await InterruptAsync(tail);
        }

        await first.KillAsync();
        await using var second = await ServiceProcess.StartAsync(copy + ".d", first.Address.Authority);
        await ClientProcess.RunAsync(["send", .. more, "after the restore"]);
        using var again = Process.Start(ClientProcess.StartInfo(command))!;
        var lines = new List<string>();
        do
        {
            lines.Add(await ReadAsync(again));
        }
        while (!lines[^1].EndsWith("after the restore", StringComparison.Ordinal));

        await InterruptAsync(again);
        Assert.Equal($"{said}\n", await again.StandardError.ReadToEndAsync());
        Assert.Equal(isSameLog ? 3 : 1, lines.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tail_that_retention_overtakes_says_which_messages_are_missing_and_goes_on(bool whileItReads)
    {
        await using var server = await ChatServer.StartHookedAsync();
        await server.FillAsync("lobby", 10);
        if (whileItReads)
        {
            server.Hooks.BeforeNextRead = () => server.TrimAsync("lobby", 8);
        }
        else
        {
            await server.TrimAsync("lobby", 8);
        }

        using var tail = Process.Start(ClientProcess.StartInfo(["tail", "--address", $"{server.Address}", "--since", "2"]))!;
        Assert.Equal(
            "· the service no longer keeps messages 3 to 8",
            await tail.StandardError.ReadLineAsync().WaitAsync(ChatCall.Deadline));
        Assert.EndsWith("filler: 9 ", await ReadAsync(tail), StringComparison.Ordinal);
        Assert.EndsWith("filler: 10 ", await ReadAsync(tail), StringComparison.Ordinal);
        await server.SendOnceAsync("ann", "lobby", "k", "new");
        Assert.EndsWith("ann: new", await ReadAsync(tail), StringComparison.Ordinal);
        await InterruptAsync(tail);
        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
    }

    [Theory]
    [InlineData(3, "· there is no message 7: the newest is 3; only newer messages follow")]
    [InlineData(0, "· there is no message 7: the room is empty; new messages follow")]
    public async Task A_tail_since_an_id_that_the_room_does_not_have_says_so_and_writes_only_new_messages(int head, string said)
    {
        await using var server = await ChatServer.StartAsync();
        using var directory = new TempDirectory();
        string[] command = ["tail", "--address", $"{server.Address}", "--state", Path.Combine(directory.Path, "state"), "--since", "7"];
        if (head > 0)
        {
            await server.FillAsync("lobby", head);
        }

        using (var tail = Process.Start(ClientProcess.StartInfo(command))!)
        {
            Assert.Equal(said, await tail.StandardError.ReadLineAsync().WaitAsync(ChatCall.Deadline));
            await server.SendOnceAsync("ann", "lobby", "k1", "new");
            Assert.EndsWith("ann: new", await ReadAsync(tail), StringComparison.Ordinal);
            await server.SendOnceAsync("ann", "lobby", "k2", "newer");
            Assert.EndsWith("ann: newer", await ReadAsync(tail), StringComparison.Ordinal);
            await InterruptAsync(tail);
            Assert.Equal(("", 0), (await tail.StandardError.ReadToEndAsync(), tail.ExitCode));
        }

        await server.SendOnceAsync("ann", "lobby", "k3", "meanwhile");
        using var second = Process.Start(ClientProcess.StartInfo(command))!;
        Assert.EndsWith("ann: meanwhile", await ReadAsync(second), StringComparison.Ordinal);
        await InterruptAsync(second);
        Assert.Equal("", await second.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task A_tail_that_was_started_with_Ctrl_C_ignored_ignores_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only GNU's env can ignore a signal for its child.");
        await using var server = await ChatServer.StartAsync();
        var start = ClientProcess.StartInfo(["tail", "--address", $"{server.Address}", "--since", "0"]);
        start.ArgumentList[0] = "--ignore-signal=INT"; // As nohup does, and a script with what it runs in the background.
        using var tail = Process.Start(start)!;
        for (var n = 1; n <= 5; n++)
        {
            await server.SendOnceAsync("ann", "lobby", $"k-{n}", $"{n}");
            Assert.EndsWith($"ann: {n}", await ReadAsync(tail), StringComparison.Ordinal);
            await SignalAsync(tail, "INT");
        }

        await SignalAsync(tail, "TERM");
        await tail.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task Tail_of_a_hundred_thousand_messages_keeps_its_memory_below_100_MiB()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 100_000, textLength: 100);
        using var tail = Process.Start(
            ClientProcess.StartInfo(["tail", "--address", $"{server.Address}", "--since", "0"]))!;
        for (var n = 0; n < 100_000; n++)
        {
            await ReadAsync(tail);
        }

        tail.Refresh();
        var peak = tail.PeakWorkingSet64 / 1024 / 1024;
        await InterruptAsync(tail);
        TestContext.Current.SendDiagnosticMessage($"The peak was {peak} MiB.");
        Assert.InRange(peak, 1, 100);
    }
}
