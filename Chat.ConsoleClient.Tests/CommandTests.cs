using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Chat.TestSupport;
using Chat.V1;
using Xunit;

namespace Chat.ConsoleClient.Tests;

/// <summary>The commands for scripts, as child processes, against the real service.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Send_ends_with_0_when_its_text_is_stored()
    {
        await using var server = await ChatServer.StartAsync();

        var result = await RunAsync(server, "send", "--room", "ops", "--user", "ann", "disk on db3 is at 91 %");

        Assert.Equal((0, 0, 0), (result.ExitCode, result.Output.Length, result.Errors.Length));
        var stored = Assert.Single(await HistoryAsync(server, "ops"));
        Assert.Equal(("ann", "disk on db3 is at 91 %"), (stored.Sender, stored.Text));
    }

    [Fact]
    public async Task A_text_that_begins_with_an_at_sign_is_a_text_and_names_no_file()
    {
        await using var server = await ChatServer.StartAsync();
        using var directory = new TempDirectory();
        var file = Path.Combine(directory.Path, "secret");
        await File.WriteAllTextAsync(file, "secret");

        Assert.Equal(0, (await RunAsync(server, "send", "@ann please look")).ExitCode);
        Assert.Equal(0, (await RunAsync(server, "send", $"@{file}")).ExitCode);

        Assert.Equal(["@ann please look", $"@{file}"], (await HistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task A_command_that_is_interrupted_before_its_end_does_not_end_with_0()
    {
        foreach (var command in (string[])["status", "send"])
        {
            using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
            silent.Start();
            using var process = Process.Start(
                ClientProcess.StartInfo([command, "--address", $"http://{silent.LocalEndpoint}", "--wait", "60"]))!;
            await process.StandardInput.WriteLineAsync("hello");
            using var connection = await silent.AcceptTcpClientAsync().WaitAsync(ChatCall.Deadline);
            await InterruptAsync(process);

            Assert.Equal(1, process.ExitCode);
            Assert.Contains("interrupted", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_command_that_is_interrupted_while_it_reads_its_settings_ends_as_an_interrupted_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in the file system.");
        using var config = new TempDirectory();
        var settings = Path.Combine(Directory.CreateDirectory(Path.Combine(config.Path, "grpcchat")).FullName, "client.json");
        using (var made = Process.Start("mkfifo", [settings]))
        {
            await made.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        }

        var start = ClientProcess.StartInfo(["status", "--address", Nowhere(), "--wait", "60"]);
        start.Environment["XDG_CONFIG_HOME"] = config.Path;
        using var process = Process.Start(start)!;

        // Opens when the command reads its settings, which it does in its synchronous part.
        await using (var pipe = await Task.Run(() => new FileStream(settings, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            .WaitAsync(ChatCall.Deadline))
        {
            await SignalAsync(process, "INT");
            await pipe.WriteAsync("{}"u8.ToArray());
        }

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal((1, "chat: interrupted\n"), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task A_disk_that_is_full_under_the_output_is_no_reader_that_has_gone()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);
        var history = ClientProcess.StartInfo(["history", "--address", $"{server.Address}"]);
        var shell = new ProcessStartInfo(
            "bash", ["-c", $"{history.FileName} {string.Join(' ', history.ArgumentList)} >/dev/full"])
        { RedirectStandardError = true };
        using var process = Process.Start(shell)!;
        var errors = await process.StandardError.ReadToEndAsync().WaitAsync(ChatCall.Deadline);

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal(2, process.ExitCode);
        Assert.Contains("No space left", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tail_with_a_state_file_goes_on_after_the_last_line_that_was_written()
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
    public async Task Send_stores_every_line_of_its_input_in_order()
    {
        await using var server = await ChatServer.StartAsync();
        var lines = Enumerable.Range(1, 10_000).Select(n => $"line {n}").ToArray();

        var result = await SendAsync(server, string.Join("\n", lines) + "\n");

        Assert.Equal((0, 0), (result.ExitCode, result.Errors.Length));
        Assert.Equal(lines, (await HistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task A_repeated_send_with_the_same_key_prefix_stores_nothing_twice()
    {
        await using var server = await ChatServer.StartAsync();

        await SendAsync(server, "a\nb\n", "--offset-prefix", "job");
        var again = await SendAsync(server, "a\nb\n\nc\n", "--offset-prefix", "job");

        Assert.Equal(0, again.ExitCode);
        var stored = await HistoryAsync(server, "lobby");
        Assert.Equal([("job-1", "a"), ("job-2", "b"), ("job-4", "c")], stored.Select(m => (m.ClientOffset, m.Text)));
    }

    [Fact]
    public async Task A_repeated_send_whose_line_has_changed_is_refused_and_says_which_line()
    {
        await using var server = await ChatServer.StartAsync();
        await SendAsync(server, "a\nb\n", "--offset-prefix", "job");

        var again = await SendAsync(server, "a\nB\nc\n", "--offset-prefix", "job");

        Assert.Equal(1, again.ExitCode);
        Assert.StartsWith("line 2 was refused: ", again.Errors[0], StringComparison.Ordinal);
        Assert.Equal("2 stored, 1 refused", again.Errors[1]);
        Assert.Equal(["a", "b", "c"], (await HistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task Lines_that_no_service_can_take_are_named_and_the_others_are_stored()
    {
        await using var server = await ChatServer.StartAsync();
        byte[] input =
        [
            .. "first\n"u8, 0x62, 0xff, 0x0a, .. "nul\0\n"u8, .. Encoding.ASCII.GetBytes(new string('x', 200_000)), 0x0a,
            .. Encoding.ASCII.GetBytes(new string('y', 20_000)), 0x0a, .. "\r\n\nlast"u8,
        ];

        var result = await ClientProcess.RunAsync(["send", "--address", $"{server.Address}"], input);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            [
                "line 2 was refused: it is not UTF-8: byte 0xff at position 2",
                "line 3 was refused: it has a U+0000, which cannot be stored",
                "line 4 was refused: it has 200,000 bytes, and no service takes more than 30,720",
                "line 5 was refused: the text has 20000 bytes of UTF-8, but may have at most 16384; split it",
                "2 stored, 4 refused",
            ],
            result.Errors);
        Assert.Equal(["first", "last"], (await HistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task Send_gives_up_where_no_service_answers_and_says_how_to_go_on()
    {
        var result = await ClientProcess.RunAsync(
            ["send", "--address", Nowhere(), "--wait", "0.2", "--offset-prefix", "job"], "a\nb\n"u8.ToArray());

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("start a service: dotnet run --project Chat.Service", result.Errors[0], StringComparison.Ordinal);
        Assert.Equal(
            "0 stored, 2 without an answer; repeat the command with --offset-prefix job, and nothing is stored twice",
            result.Errors[^1]);
    }

    [Fact]
    public async Task What_was_sent_with_a_state_file_while_no_service_answered_is_sent_by_the_next_command()
    {
        using var directory = new TempDirectory();
        var state = Path.Combine(directory.Path, "state");
        var address = Nowhere();
        var first = await ClientProcess.RunAsync(
            ["send", "--address", address, "--state", state, "--wait", "2"], "a\nb\n"u8.ToArray());
        Assert.Equal(3, first.ExitCode);
        Assert.Contains($"they are kept in {state}", first.Errors[^1], StringComparison.Ordinal);

        await using var service = await ServiceProcess.StartAsync(directory.Path, new Uri(address).Authority);
        var second = await ClientProcess.RunAsync(["send", "--address", address, "--state", state, "c"]);

        Assert.Equal(0, second.ExitCode);
        var stored = await ClientProcess.RunAsync(["history", "--address", address, "--json"]);
        Assert.Equal(["a", "b", "c"], stored.Output.Select(Text));
    }

    [Fact]
    public async Task Send_survives_a_service_that_is_killed_and_comes_back()
    {
        using var data = new TempDirectory();
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            using var sending = Process.Start(ClientProcess.StartInfo(["send", "--address", $"{service.Address}"]))!;
            var errors = sending.StandardError.ReadToEndAsync();
            for (var n = 1; n <= 3000; n++)
            {
                await sending.StandardInput.WriteLineAsync($"{n}");
                if (n == 1500)
                {
                    await sending.StandardInput.FlushAsync();
                    await service.KillAsync();
                    await service.DisposeAsync();
                    service = await ServiceProcess.StartAsync(data.Path, service.Address.Authority);
                }
            }

            sending.StandardInput.Close();
            await sending.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
            Assert.True(sending.ExitCode == 0, await errors);
            var stored = await ClientProcess.RunAsync(["history", "--address", $"{service.Address}", "--limit", "5000", "--json"]);
            Assert.Equal(Enumerable.Range(1, 3000).Select(n => $"{n}"), stored.Output.Select(Text));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task Tail_writes_what_is_there_and_what_comes_as_proto3_JSON()
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
        Assert.Equal(await HistoryAsync(server, "ops"), [(await HistoryAsync(server, "ops"))[0], second, third]);
        await InterruptAsync(tail);
        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
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
    public async Task Tail_ends_with_0_when_nobody_reads_any_more()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);
        using var tail = Process.Start(
            ClientProcess.StartInfo(["tail", "--address", $"{server.Address}", "--since", "0"]))!;
        await ReadAsync(tail);
        tail.StandardOutput.Close();
        for (var n = 0; !tail.HasExited; n++)
        {
            await server.SendOnceAsync("ann", "lobby", $"{n}", "tick");
        }

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

    [Fact]
    public async Task History_writes_the_newest_messages_or_those_before_an_id()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 2500);

        var newest = await RunAsync(server, "history", "--limit", "3", "--json");
        var before = await RunAsync(server, "history", "--limit", "2000", "--before", "2400", "--json");
        var all = await RunAsync(server, "history", "--limit", "100000", "--json");

        Assert.Equal([2498, 2499, 2500], newest.Output.Select(Id));
        Assert.Equal(Enumerable.Range(400, 2000), before.Output.Select(Id));
        Assert.Equal(Enumerable.Range(1, 2500), all.Output.Select(Id));
    }

    [Fact]
    public async Task Rooms_and_status_say_what_the_service_has()
    {
        await using var server = await ChatServer.StartAsync();
        var empty = await RunAsync(server, "status");
        await server.SendOnceAsync("ann", "ops", "k", "one");
        await server.SendOnceAsync("ann", "dev", "k", "two");

        var rooms = await RunAsync(server, "rooms");
        var json = await RunAsync(server, "rooms", "--json");
        var status = await RunAsync(server, "status");

        Assert.Equal("rooms    0", empty.Output[^1]);
        Assert.Equal(["dev\t1", "ops\t1"], rooms.Output.Select(line => line[..line.LastIndexOf('\t')]));
        Assert.Equal(["dev", "ops"], json.Output.Select(line => Room.Parser.ParseJson(line).Name));
        Assert.Equal((0, "state    serving"), (status.ExitCode, status.Output[1]));
        Assert.StartsWith("rooms    2, newest message ", status.Output[^1], StringComparison.Ordinal);
        Assert.EndsWith(" in dev", status.Output[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rooms")]
    [InlineData("status")]
    [InlineData("history")]
    [InlineData("tail")]
    [InlineData("send", "hello")]
    [InlineData]
    public async Task Where_nothing_answers_a_command_says_so_and_ends_with_3(params string[] command)
    {
        var result = await ClientProcess.RunAsync([.. command, "--address", Nowhere(), "--wait", "0.2"]);

        Assert.Equal((3, 0), (result.ExitCode, result.Output.Length));
        Assert.Contains("127.0.0.1", result.Errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("tail")]
    [InlineData("send", "hello")]
    [InlineData]
    public async Task Where_a_service_has_no_TLS_a_command_says_so_at_once_and_ends_with_3(params string[] command)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientProcess.RunAsync([.. command, "--address", $"https://{server.Address.Authority}"]);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("http://", result.Errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'Not A Room' is not a valid room name", "send", "hello", "--room", "Not A Room")]
    [InlineData("'Not A Room' is not a valid room name", "tail", "--room", "Not A Room")]
    [InlineData("Cannot parse argument 'x' for option '--last' as a number.", "tail", "--last", "x")]
    [InlineData("Cannot parse argument 'abc' for option '--before' as a number.", "history", "--before", "abc")]
    [InlineData("Cannot parse argument 'abc' for option '--wait' as a number.", "status", "--wait", "abc")]
    [InlineData("Must be one of: 'bash' 'zsh' 'fish'", "completion", "powershell")]
    [InlineData("--wait is 1000001", "status", "--wait", "1000001")]
    [InlineData("'ftp://x' is not a valid address", "rooms", "--address", "ftp://x")]
    [InlineData("sned", "sned")]
    [InlineData("--since and --last", "tail", "--since", "1", "--last", "2")]
    [InlineData("--limit is 0", "history", "--limit", "0")]
    [InlineData("--wait is -1", "status", "--wait", "-1")]
    [InlineData("cannot read the token file: Could not find file '/nowhere'", "status", "--token-file", "/nowhere")]
    [InlineData("is not a valid client offset", "send", "a", "--offset-prefix", "a\tb")]
    public async Task A_wrong_argument_is_named_and_the_command_ends_with_2(string named, params string[] command)
    {
        var result = await ClientProcess.RunAsync([.. command, "--address", Nowhere()]);

        Assert.Equal((2, 0), (result.ExitCode, result.Output.Length));
        Assert.Contains(named, Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_file_that_is_none_is_refused_untouched_and_the_command_ends_with_5()
    {
        using var directory = new TempDirectory();
        var diary = Path.Combine(directory.Path, "diary");
        await File.WriteAllTextAsync(diary, "Dear diary");

        var result = await ClientProcess.RunAsync(["send", "a", "--address", Nowhere(), "--state", diary]);

        Assert.Equal(5, result.ExitCode);
        Assert.Contains(diary, Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Equal("Dear diary", await File.ReadAllTextAsync(diary));
    }

    [Fact]
    public async Task Settings_come_from_the_arguments_then_the_environment_then_the_file()
    {
        await using var server = await ChatServer.StartAsync();
        using var config = new TempDirectory();
        var file = Directory.CreateDirectory(Path.Combine(config.Path, "grpcchat")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(file, "client.json"),
            $$"""{ "address": "{{server.Address.Authority}}", "user": "from-file" } // ours""");
        var home = ("XDG_CONFIG_HOME", config.Path);

        await ClientProcess.RunAsync(["send", "a"], null, home);
        await ClientProcess.RunAsync(["send", "b"], null, home, ("CHAT_USER", "from-environment"));
        await ClientProcess.RunAsync(["send", "c", "--user", "from-argument"], null, home, ("CHAT_USER", "from-environment"));

        Assert.Equal(
            ["from-file", "from-environment", "from-argument"], (await HistoryAsync(server, "lobby")).Select(m => m.Sender));
        await File.WriteAllTextAsync(Path.Combine(file, "client.json"), """{ "adress": "x" }""");
        var wrong = await ClientProcess.RunAsync(["send", "a"], null, home);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("adress", Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_shell_that_evaluates_the_completion_completes_commands_and_options()
    {
        using var bin = new TempDirectory();
        var start = ClientProcess.StartInfo([]);
        var chat = Path.Combine(bin.Path, "chat");
        await File.WriteAllTextAsync(chat, $"#!/bin/sh\nexec {start.FileName} {string.Join(' ', start.ArgumentList)} \"$@\"\n");
        File.SetUnixFileMode(chat, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var shell = new ProcessStartInfo("bash", ["-c", """
            eval "$(chat completion bash)"
            COMP_LINE="chat send --off" COMP_POINT=15 COMP_WORDS=(chat send --off) COMP_CWORD=2
            _chat; echo "${COMPREPLY[@]}"
            COMP_LINE="chat his" COMP_POINT=8 COMP_WORDS=(chat his) COMP_CWORD=1
            _chat; echo "${COMPREPLY[@]}"
            """])
        { RedirectStandardOutput = true };
        shell.Environment["PATH"] = $"{bin.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(shell)!;

        Assert.Equal("--offset-prefix\nhistory\n", await process.StandardOutput.ReadToEndAsync().WaitAsync(ChatCall.Deadline));
    }

    [Theory]
    [InlineData("send --help", "--offset-prefix")]
    [InlineData("tail --help", "jq")]
    [InlineData("history --help", "--before 1000")]
    public async Task Help_has_examples(string arguments, string example)
    {
        var result = await ClientProcess.RunAsync(arguments.Split(' '));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains(result.Output.SkipWhile(line => line != "Examples:"), line => line.Contains(example, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_help_fits_a_screen_and_names_every_command_and_every_shared_option()
    {
        var help = (await ClientProcess.RunAsync(["--help"])).Output;
        var ofSend = (await ClientProcess.RunAsync(["send", "--help"])).Output;

        Assert.InRange(help.Length, 10, 23);
        Assert.All(help, line => Assert.InRange(line.Length, 0, 80));
        var text = string.Join('\n', help);
        Assert.All(["send", "tail", "history", "rooms", "status", "completion"], command => Assert.Contains($"chat {command}", text, StringComparison.Ordinal));
        var shared = string.Join(' ', ofSend.SkipWhile(line => !line.StartsWith("Options:", StringComparison.Ordinal)).TakeWhile(line => line.Length > 0))
            .Split(' ').Where(word => word.StartsWith("--", StringComparison.Ordinal)).Except(["--offset-prefix", "--summary"]);
        Assert.All(shared, option => Assert.Contains(option.TrimEnd(','), text, StringComparison.Ordinal));
    }

    private static string Nowhere()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }

    private static string Text(string json) => JsonDocument.Parse(json).RootElement.GetProperty("text").GetString()!;

    private static int Id(string json) => (int)Message.Parser.ParseJson(json).Id;

    private static Task<CommandResult> RunAsync(ChatServer server, params string[] arguments) =>
        ClientProcess.RunAsync([.. arguments, "--address", $"{server.Address}"]);

    private static Task<CommandResult> SendAsync(ChatServer server, string input, params string[] more) =>
        ClientProcess.RunAsync(["send", "--address", $"{server.Address}", "--user", "ann", .. more], Encoding.UTF8.GetBytes(input));

    private static async Task<string> ReadAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(ChatCall.Deadline) ?? throw new InvalidOperationException("It has ended.");

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    // What a terminal does when its user presses Ctrl-C.
    private static async Task InterruptAsync(Process process)
    {
        await SignalAsync(process, "INT");
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    private static async Task<IReadOnlyList<Message>> HistoryAsync(ChatServer server, string room)
    {
        var messages = new List<Message>();
        while (true)
        {
            var page = await server.Client("reader").ListMessagesAsync(
                new ListMessagesRequest { Room = room, AfterId = messages.Count, PageSize = 1000 });
            if (page.Messages.Count == 0)
            {
                return messages;
            }

            messages.AddRange(page.Messages);
        }
    }
}
