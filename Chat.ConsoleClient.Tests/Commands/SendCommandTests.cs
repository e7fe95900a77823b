using System.Diagnostics;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary><c>chat send</c>, as a child process, against the real service.</summary>
public sealed class SendCommandTests
{
    [Fact]
    public async Task A_send_that_the_service_makes_wait_says_so_and_waits_longer_than_for_a_service_that_is_silent()
    {
        await using var chat = await ScriptedChat.StartAsync();
        var sending = ClientProcess.RunAsync(["send", "hello", "--room", "new", "--address", chat.Address, "--wait", "1"]);
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Count() == 1);
        await stream.SayAsync(new ChatResponse
        {
            Refusals =
            {
                new Refusal
                {
                    Room = "new",
                    ClientOffset = stream.Sends.First().ClientOffset,
                    Reason = Reason.Limit,
                    Detail = "not yet",
                    RetryAfter = TimeSpan.FromSeconds(3).ToDuration(),
                },
            },
        });
        await stream.UntilAsync(s => s.Sends.Count() == 2);
        await stream.AckAsync(stream.Sends.Skip(1));

        var result = await sending;

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(["the service makes room 'new' wait: not yet; sending goes on in 3 s"], result.Errors);
    }

    [Fact]
    public async Task Send_exits_with_0_when_its_text_is_stored()
    {
        await using var server = await ChatServer.StartAsync();

        var result = await RunAsync(server, "send", "--room", "ops", "--user", "ann", "disk on db3 is at 91 %");

        Assert.Equal((0, 0, 0), (result.ExitCode, result.Output.Length, result.Errors.Length));
        var stored = Assert.Single(await ReadHistoryAsync(server, "ops"));
        Assert.Equal(("ann", "disk on db3 is at 91 %"), (stored.Sender, stored.Text));
    }

    [Fact]
    public async Task Send_stores_every_line_of_its_input_in_order()
    {
        await using var server = await ChatServer.StartAsync();
        var lines = Enumerable.Range(1, 10_000).Select(n => $"line {n}").ToArray();

        var result = await SendAsync(server, string.Join("\n", lines) + "\n");

        Assert.Equal((0, 0), (result.ExitCode, result.Errors.Length));
        Assert.Equal(lines, (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task The_former_name_of_the_offset_prefix_still_works()
    {
        await using var server = await ChatServer.StartAsync();

        await SendAsync(server, "a\n", "--key-prefix", "job");

        Assert.Equal("job-1", Assert.Single(await ReadHistoryAsync(server, "lobby")).ClientOffset);
    }

    [Fact]
    public async Task A_repeated_send_with_the_same_offset_prefix_stores_nothing_twice()
    {
        await using var server = await ChatServer.StartAsync();

        await SendAsync(server, "a\nb\n", "--offset-prefix", "job");
        var again = await SendAsync(server, "a\nb\n\nc\n", "--offset-prefix", "job");

        Assert.Equal(0, again.ExitCode);
        var stored = await ReadHistoryAsync(server, "lobby");
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
        Assert.Equal(["a", "b", "c"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task If_the_service_cannot_store_messages_send_says_so_when_it_gives_up()
    {
        await using var server = await ChatServer.StartAsync(beforeCommit: _ => throw TestLog.DiskFull());

        var result = await SendAsync(server, "a\nb\n", "--wait", "6", "--offset-prefix", "job");

        var said = $"the service at {server.Address} cannot store messages now; its disk may be full";
        Assert.Equal(
            [
                $"retrying: {said}",
                said,
                "0 stored, 2 without an answer; repeat the command with --offset-prefix job, and nothing is stored twice",
            ],
            result.Errors);
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("send")]
    [InlineData]
    public async Task A_service_that_can_store_messages_again_gets_them_and_the_command_says_so(params string[] command)
    {
        var gate = new BatchGate();
        gate.FailNext(TestLog.DiskFull());
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);

        var result = await ClientProcess.RunAsync([.. command, "--address", $"{server.Address}", "--wait", "60"], "a\n"u8.ToArray());

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            [$"retrying: the service at {server.Address} cannot store messages now; its disk may be full", "the service stores messages again"],
            result.Errors.Where(said => said.Contains("stor", StringComparison.Ordinal)));
        Assert.DoesNotContain("connected again", result.Errors);
        Assert.Equal("a", Assert.Single(await ReadHistoryAsync(server, "lobby")).Text);
    }

    [Fact]
    public async Task Send_gives_up_if_no_service_answers_and_says_how_to_repeat_it()
    {
        var result = await ClientProcess.RunAsync(
            ["send", "--address", GetUnusedAddress(), "--wait", "0.2", "--offset-prefix", "job"], "a\nb\n"u8.ToArray());

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("start a service: dotnet run --project Chat.Service", result.Errors[0], StringComparison.Ordinal);
        Assert.Equal(
            "0 stored, 2 without an answer; repeat the command with --offset-prefix job, and nothing is stored twice",
            result.Errors[^1]);
    }

    [Fact]
    public async Task With_a_state_file_the_next_command_sends_what_had_no_answer()
    {
        using var directory = new TempDirectory();
        var state = Path.Combine(directory.Path, "state");
        var address = GetUnusedAddress();
        var first = await ClientProcess.RunAsync(
            ["send", "--address", address, "--state", state, "--wait", "2"], "a\nb\n"u8.ToArray());
        Assert.Equal(3, first.ExitCode);
        Assert.Contains($"they are kept in {state}", first.Errors[^1], StringComparison.Ordinal);

        await using var service = await ServiceProcess.StartAsync(directory.Path, new Uri(address).Authority);
        var second = await ClientProcess.RunAsync(["send", "--address", address, "--state", state, "c"]);

        Assert.Equal(0, second.ExitCode);
        var stored = await ClientProcess.RunAsync(["history", "--address", address, "--json"]);
        Assert.Equal(["a", "b", "c"], stored.Output.Select(GetText));
    }

    [Fact]
    public async Task Send_stores_every_line_through_a_network_that_cuts_each_connection_after_a_while()
    {
        await using var server = await ChatServer.StartAsync();
        await using var proxy = new LoopbackProxy(server.Address) { CutEachAfterSent = 512 * 1024 };
        var lines = Enumerable.Range(1, 20_000).Select(n => $"{n} {new string('x', 400)}").ToArray();

        var result = await ClientProcess.RunAsync(
            ["send", "--address", $"{proxy.Address}"], Encoding.UTF8.GetBytes(string.Join('\n', lines)));

        Assert.Equal(0, result.ExitCode);
        Assert.InRange(proxy.Cuts, 10, int.MaxValue);
        Assert.Equal(lines, (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task Send_survives_a_service_that_is_killed_and_restarted()
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
            Assert.Equal(Enumerable.Range(1, 3000).Select(n => $"{n}"), stored.Output.Select(GetText));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }
}
