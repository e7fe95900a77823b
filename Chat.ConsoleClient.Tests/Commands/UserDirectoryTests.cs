using GrpcChat.TestSupport;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>Directories for settings and state that are missing, relative, or may not be read or written.</summary>
public sealed class UserDirectoryTests
{
    private const string SetStateHome = "set XDG_STATE_HOME to a directory that you may write to, or give a file with --state";

    // What root may not do either, so that these tests mean the same to everybody.
    private const string DropPrivileges = """
        drop() { if [ "$(id -u)" = 0 ]; then setpriv --bounding-set=-dac_override,-dac_read_search "$@"; else "$@"; fi; }
        """;

    [Theory]
    [InlineData("/proc")] // Nothing can be created there.
    [InlineData("/dev/null")]
    [InlineData("/nowhere")]
    [InlineData("relative")]
    [InlineData("")]
    public async Task Commands_work_with_any_home(string home)
    {
        await using var server = await ChatServer.StartAsync();
        var set = home.Length == 0 ? "unset HOME" : $"export HOME={home}";

        var result = await ClientShell.RunAsync(
            $"{set}; unset XDG_CONFIG_HOME XDG_STATE_HOME; echo a | chat send; chat history; chat tail | head -1; chat </dev/null",
            server.Address);

        Assert.Equal((0, 3), (result.ExitCode, result.Output.Length));
        Assert.All(result.Output, line => Assert.EndsWith(": a", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("HOME=/proc XDG_STATE_HOME=", "chat: cannot create the directory for unanswered messages: ")]
    [InlineData("XDG_STATE_HOME=/proc", "chat: cannot create the directory for unanswered messages: ")]
    [InlineData("HOME=/dev/null XDG_STATE_HOME=", "chat: cannot create the directory for unanswered messages: ")]
    [InlineData("HOME=/nowhere XDG_STATE_HOME=", "chat: there is no home directory in which unanswered messages could be kept; ")]
    [InlineData("HOME=home XDG_STATE_HOME=state", "chat: there is no home directory in which unanswered messages could be kept; ")]
    public async Task A_chat_that_can_keep_no_state_says_what_to_set_and_exits_with_5(string environment, string said)
    {
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"mkdir home state; clear; {environment} chat --address {GetUnusedAddress()}; echo exit: $?");

        var screen = await terminal.UntilAsync(screen => screen.Rows.Contains("exit: 5"));

        var text = string.Concat(screen.Rows).Replace(" ", "", StringComparison.Ordinal);
        Assert.Contains(said.Replace(" ", "", StringComparison.Ordinal), text, StringComparison.Ordinal);
        Assert.Contains(SetStateHome.Replace(" ", "", StringComparison.Ordinal), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chat_whose_state_file_is_in_a_directory_that_cannot_be_written_says_what_to_set()
    {
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"{DropPrivileges.ReplaceLineEndings("")}; mkdir -p grpcchat/clients; chmod 500 grpcchat/clients; clear");
        await terminal.EnterAsync($"drop sh ./chat --address {GetUnusedAddress()} --user ann; echo exit: $?");

        var screen = await terminal.UntilAsync(screen => screen.Rows.Contains("exit: 5"));

        var text = string.Concat(screen.Rows).Replace(" ", "", StringComparison.Ordinal);
        Assert.Contains("isdenied;makeitwritableforthisuser", text, StringComparison.Ordinal);
        Assert.Contains(SetStateHome.Replace(" ", "", StringComparison.Ordinal), text, StringComparison.Ordinal);
        Assert.DoesNotContain("onlyoneterminal", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relative_XDG_STATE_HOME_is_ignored()
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"mkdir home; HOME=$PWD/home XDG_STATE_HOME=state chat --address {server.Address} --user ann");
        await terminal.UntilAsync(screen => screen.IsInLobby);

        Assert.False(Directory.Exists(Path.Combine(terminal.Home, "state")));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(terminal.Home, "home", ".local", "state", "grpcchat", "clients"), "*-ann.state"));
    }

    [Theory]
    [InlineData("HOME=$PWD/home XDG_CONFIG_HOME=.", "from-home")]
    [InlineData("HOME=$PWD/home XDG_CONFIG_HOME=", "from-home")]
    [InlineData("HOME=$PWD/home XDG_CONFIG_HOME=$PWD", "from-here")]
    [InlineData("HOME=$PWD/nowhere XDG_CONFIG_HOME=", null)]
    [InlineData("HOME=. XDG_CONFIG_HOME=", null)]
    public async Task Settings_are_not_read_from_the_working_directory(string environment, string? user)
    {
        await using var server = await ChatServer.StartAsync();

        await ClientShell.RunAsync(
            $$"""
            mkdir -p grpcchat home/.config/grpcchat .config/grpcchat
            echo '{ "user": "from-here" }' | tee grpcchat/client.json >.config/grpcchat/client.json
            echo '{ "user": "from-home" }' >home/.config/grpcchat/client.json
            {{environment}} chat send hello
            """,
            server.Address);

        Assert.Equal(user ?? Environment.UserName, Assert.Single(await ReadHistoryAsync(server, "lobby")).Sender);
    }

    [Theory]
    [InlineData("mkdir -p config/grpcchat/client.json; chat status")]
    [InlineData("mkdir -p config/grpcchat; echo '{}' >config/grpcchat/client.json; chmod 000 config/grpcchat/client.json; drop chat status")]
    [InlineData("mkdir -p config/grpcchat; chmod 000 config/grpcchat; drop chat status")]
    public async Task Settings_that_cannot_be_read_are_named_with_what_to_set_and_the_command_exits_with_2(string script)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientShell.RunAsync($"{DropPrivileges}\nexport XDG_CONFIG_HOME=$PWD/config; {script}", server.Address);

        Assert.Equal((2, 0), (result.ExitCode, result.Output.Length));
        Assert.Matches(
            "^chat: cannot read the settings file .*/config/grpcchat/client.json: .* is denied; "
                + "make it readable, or set XDG_CONFIG_HOME to another directory$",
            Assert.Single(result.Errors));
    }

    [Theory]
    [InlineData("touch state; chmod 400 state; drop chat send hello --state state")]
    [InlineData("mkdir d; chmod 500 d; drop chat send hello --state d/state")]
    [InlineData("mkdir d; chmod 000 d; drop chat send hello --state d/state")]
    public async Task A_state_file_without_a_right_to_it_is_named_with_what_to_do_and_the_command_exits_with_5(string script)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientShell.RunAsync($"{DropPrivileges}\n{script}", server.Address);

        Assert.Equal(5, result.ExitCode);
        Assert.Matches(
            "^chat: cannot open the state file .*/state: .*; make it writable for this user, or give another path$",
            Assert.Single(result.Errors));
        Assert.Empty(await ReadHistoryAsync(server, "lobby"));
    }
}
