using System.CommandLine;
using System.Diagnostics;
using GrpcChat.ConsoleClient.Commands;
using GrpcChat.TestSupport;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>What all commands have in common: arguments, settings, help, exit codes.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task A_command_that_is_interrupted_before_its_end_exits_with_1()
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
    public async Task A_command_that_is_interrupted_while_it_reads_its_settings_exits_with_1()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in the file system.");
        using var config = new TempDirectory();
        var settings = Path.Combine(Directory.CreateDirectory(Path.Combine(config.Path, "grpcchat")).FullName, "client.json");
        using (var made = Process.Start("mkfifo", [settings]))
        {
            await made.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        }

        var start = ClientProcess.StartInfo(["status", "--address", GetUnusedAddress(), "--wait", "60"]);
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

    [Theory]
    [InlineData("rooms")]
    [InlineData("status")]
    [InlineData("history")]
    [InlineData("tail")]
    [InlineData("send", "hello")]
    [InlineData]
    public async Task If_nothing_answers_a_command_says_so_and_exits_with_3(params string[] command)
    {
        var result = await ClientProcess.RunAsync([.. command, "--address", GetUnusedAddress(), "--wait", "0.2"]);

        Assert.Equal((3, 0), (result.ExitCode, result.Output.Length));
        Assert.Contains("127.0.0.1", result.Errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("tail")]
    [InlineData("send", "hello")]
    [InlineData]
    public async Task If_the_service_has_no_TLS_a_command_says_so_at_once_and_exits_with_3(params string[] command)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientProcess.RunAsync([.. command, "--address", $"https://{server.Address.Authority}"]);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("http://", result.Errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'Not A Room' is not a valid room name", "send", "hello", "--room", "Not A Room")]
    [InlineData("'Not A Room' is not a valid room name", "tail", "--room", "Not A Room")]
    [InlineData("--last is 'x', but must be a whole number, at least 0", "tail", "--last", "x")]
    [InlineData("--before is 'abc', but must be a whole number, at least 1", "history", "--before", "abc")]
    [InlineData("--wait is 'abc', but must be a number of seconds from 0 to 1000000", "status", "--wait", "abc")]
    [InlineData("'powershell' is not a supported shell; choose bash, zsh or fish", "completion", "powershell")]
    [InlineData("shell is missing; see chat completion --help", "completion")]
    [InlineData("--wait is '1000001'", "status", "--wait", "1000001")]
    [InlineData("'ftp://x' is not a valid address", "rooms", "--address", "ftp://x")]
    [InlineData("unknown command 'sned'; did you mean send?", "sned")]
    [InlineData("unknown command 'xyzzy'; chat --help lists the commands", "xyzzy")]
    [InlineData("unknown option --rom; did you mean --room?", "--rom", "ops")]
    [InlineData("unknown option --rom; did you mean --room?", "send", "--rom", "ops", "hello")]
    [InlineData("unknown option --xyzzy; chat send --help lists the options", "send", "--xyzzy")]
    [InlineData("unexpected argument 'b'; put a text with spaces in quotes", "send", "a", "b")]
    [InlineData("unexpected argument 'b'; chat tail takes only options", "tail", "b")]
    [InlineData("--room needs a value", "tail", "--room")]
    [InlineData("--since and --last contradict each other", "tail", "--since", "1", "--last", "2")]
    [InlineData("--limit is '0'", "history", "--limit", "0")]
    [InlineData("--wait is '-1'", "status", "--wait", "-1")]
    [InlineData("cannot read the token file: Could not find file '/nowhere'", "status", "--token-file", "/nowhere")]
    [InlineData("is not a valid client offset", "send", "a", "--offset-prefix", "a\tb")]
    public async Task A_wrong_argument_is_named_and_the_command_exits_with_2(string named, params string[] command)
    {
        var result = await ClientProcess.RunAsync([.. command, "--address", GetUnusedAddress()]);

        Assert.Equal((2, 0), (result.ExitCode, result.Output.Length));
        Assert.Contains(named, Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_a_state_file_stays_unchanged_and_the_command_exits_with_5()
    {
        using var directory = new TempDirectory();
        var diary = Path.Combine(directory.Path, "diary");
        await File.WriteAllTextAsync(diary, "Dear diary");

        var result = await ClientProcess.RunAsync(["send", "a", "--address", GetUnusedAddress(), "--state", diary]);

        Assert.Equal(5, result.ExitCode);
        Assert.Contains(diary, Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Equal("Dear diary", await File.ReadAllTextAsync(diary));
    }

    [Fact]
    public async Task Settings_come_from_the_command_line_then_the_environment_then_the_file()
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
            ["from-file", "from-environment", "from-argument"], (await ReadHistoryAsync(server, "lobby")).Select(m => m.Sender));
        await File.WriteAllTextAsync(Path.Combine(file, "client.json"), """{ "adress": "x" }""");
        var wrong = await ClientProcess.RunAsync(["send", "a"], null, home);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("adress", Assert.Single(wrong.Errors), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(Path.Combine(file, "client.json"), [.. """{ "user": "Zo"""u8, 0xeb, .. "\" }"u8]);
        var notText = await ClientProcess.RunAsync(["send", "a", "--address", $"{server.Address}"], null, home);
        Assert.Equal(2, notText.ExitCode);
        Assert.Contains("client.json is wrong in line 1", Assert.Single(notText.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shell_that_evaluates_the_completion_completes_commands_and_options()
    {
        var result = await ClientShell.RunAsync("""
            eval "$(chat completion bash)"
            COMP_LINE="chat send --off" COMP_POINT=15 COMP_WORDS=(chat send --off) COMP_CWORD=2
            _chat; echo "${COMPREPLY[@]}"
            COMP_LINE="chat his" COMP_POINT=8 COMP_WORDS=(chat his) COMP_CWORD=1
            _chat; echo "${COMPREPLY[@]}"
            """);

        Assert.Equal(["--offset-prefix", "history"], result.Output);
    }

    [Fact]
    public async Task Every_help_fits_a_screen_of_80_by_24_and_names_every_option_of_its_command()
    {
        using var output = new Output();
        var root = new CommandRunner(output).Root;

        foreach (var command in (Command[])[root, .. root.Subcommands])
        {
            var result = await ClientProcess.RunAsync(command == root ? ["--help"] : [command.Name, "--help"]);
            var text = string.Join('\n', result.Output);

            Assert.Equal((0, 0), (result.ExitCode, result.Errors.Length));
            Assert.Equal(CommandHelp.GetText(command).Split('\n', StringSplitOptions.RemoveEmptyEntries), result.Output);
            Assert.InRange(CommandHelp.GetText(command).Split('\n').Length, 1, 23);
            Assert.All(result.Output, line => Assert.InRange(line.Length, 1, 80));
            Assert.All(command.Options.Where(option => !option.Hidden), option => Assert.Contains(option.Name, text, StringComparison.Ordinal));
            Assert.All(command.Subcommands, one => Assert.Contains($"chat {one.Name}", text, StringComparison.Ordinal));
        }
    }
}
