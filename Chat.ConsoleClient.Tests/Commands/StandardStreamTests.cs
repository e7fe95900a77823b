using System.Diagnostics;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>Stdin, stdout and stderr that are closed, full, of the wrong kind, or that nobody reads any more.</summary>
public sealed class StandardStreamTests
{
    [Fact]
    public async Task A_tail_whose_reader_has_gone_ends_without_another_message()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 5);

        var result = await ClientShell.RunAsync("chat tail --last 3 | head -3; echo ${PIPESTATUS[0]}", server.Address);

        Assert.Equal((4, "0"), (result.Output.Length, result.Output[^1]));
        Assert.Empty(result.Errors);
    }

    [Theory]
    [InlineData("tail")]
    [InlineData("tail", "--json")]
    [InlineData("history", "--wait", "600")]
    [InlineData("rooms", "--wait", "600")]
    [InlineData]
    public async Task A_command_that_waits_for_a_service_ends_when_the_reader_of_its_output_has_gone(params string[] command)
    {
        using var process = Process.Start(ClientProcess.StartInfo([.. command, "--address", GetUnusedAddress()]))!;
        process.StandardOutput.Close();

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_chat_whose_reader_has_gone_exits_with_1_if_a_line_has_no_answer()
    {
        using var directory = new TempDirectory();
        var state = Path.Combine(directory.Path, "state");
        using var process = Process.Start(ClientProcess.StartInfo(["--address", GetUnusedAddress(), "--state", state]))!;
        await process.StandardInput.WriteLineAsync("hello");
        await process.StandardInput.FlushAsync();
        for (var waited = Stopwatch.StartNew(); !HasMessage(state); await Task.Delay(20))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "It has not read the line.");
        }

        process.StandardOutput.Close();

        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("1 lines without an answer", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_and_status_do_not_need_a_reader_of_their_output()
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientShell.RunAsync(
            "(sleep 1; echo hello) | chat send | true; echo ${PIPESTATUS[1]}; chat status | true; echo ${PIPESTATUS[0]}", server.Address);

        Assert.Equal(["0", "0"], result.Output);
        Assert.Single(await ReadHistoryAsync(server, "lobby"));
    }

    [Theory]
    [InlineData("chat send <&-", "chat: standard input is closed; redirect it, for example from /dev/null")]
    [InlineData("chat send - <&-", "chat: standard input is closed; redirect it, for example from /dev/null")]
    [InlineData("chat <&-", "chat: standard input is closed; redirect it, for example from /dev/null")]
    [InlineData("chat send </", "chat: cannot read standard input: ")]
    [InlineData("chat </", "chat: cannot read standard input: ")]
    [InlineData("chat send 0>file", "chat: cannot read standard input: ")]
    [InlineData("chat tail >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat history >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat rooms >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat status >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat </dev/null >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat --help >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat --version >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat completion bash >&-", "chat: standard output is closed; redirect it, for example to /dev/null")]
    [InlineData("chat tail >/dev/full", "chat: cannot write to standard output: No space left on device")]
    [InlineData("chat history >/dev/full", "chat: cannot write to standard output: No space left on device")]
    [InlineData("chat </dev/null >/dev/full", "chat: cannot write to standard output: No space left on device")]
    [InlineData("chat --help >/dev/full", "chat: cannot write to standard output: No space left on device")]
    [InlineData("chat history 1<bin", "chat: cannot write to standard output: ")]
    public async Task A_stream_that_cannot_be_used_is_named_and_the_command_exits_with_2(string script, string said)
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 1);

        var result = await ClientShell.RunAsync($"touch bin; {script}", server.Address);

        Assert.Equal((2, 0), (result.ExitCode, result.Output.Length));
        Assert.StartsWith(said, result.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat send hello <&-")]
    [InlineData("chat send hello >&-")]
    [InlineData("chat send hello <&- >&- 2>&-")]
    [InlineData("chat send hello 2>/dev/full")]
    [InlineData("echo hello | chat send --summary 2>/dev/full")]
    [InlineData("echo hello | chat send - >&- 2>&-")]
    public async Task A_stream_that_is_not_used_may_be_closed_or_full(string script)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientShell.RunAsync(script, server.Address);

        Assert.Equal((0, 0, 0), (result.ExitCode, result.Output.Length, result.Errors.Length));
        Assert.Equal("hello", Assert.Single(await ReadHistoryAsync(server, "lobby")).Text);
    }

    [Theory]
    [InlineData("chat history <&- 2>&-")]
    [InlineData("chat history 2>/dev/full")]
    [InlineData("chat tail 2>&- | head -1")]
    [InlineData("chat </dev/null 2>/dev/full")]
    public async Task Results_are_written_also_where_nothing_can_be_said(string script)
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("ann", "lobby", "k", "hello");

        var result = await ClientShell.RunAsync(script, server.Address);

        Assert.Equal(0, result.ExitCode);
        Assert.EndsWith("ann: hello", Assert.Single(result.Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dash_is_standard_input()
    {
        await using var server = await ChatServer.StartAsync();

        await ClientShell.RunAsync("printf 'a\\nb\\n' | chat send -; printf 'c\\n' | chat send -- -", server.Address);

        Assert.Equal(["a", "b", "c"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    private static bool HasMessage(string state)
    {
        try
        {
            using var connection = new SqliteConnection($"Data Source={state};Mode=ReadOnly;Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM chat_outbox";
            return command.ExecuteScalar() is 1L;
        }
        catch (SqliteException)
        {
            return false; // It is being created.
        }
    }
}
