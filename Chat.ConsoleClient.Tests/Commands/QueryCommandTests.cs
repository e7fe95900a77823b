using System.Diagnostics;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary><c>chat history</c>, <c>chat rooms</c> and <c>chat status</c>, as child processes, against the real service.</summary>
public sealed class QueryCommandTests
{
    [Fact]
    public async Task A_full_disk_is_not_taken_for_a_closed_output_pipe()
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
    public async Task History_writes_the_newest_messages_or_those_before_an_id()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 2500);

        var newest = await RunAsync(server, "history", "--limit", "3", "--json");
        var before = await RunAsync(server, "history", "--limit", "2000", "--before", "2400", "--json");
        var all = await RunAsync(server, "history", "--limit", "100000", "--json");

        Assert.Equal([2498, 2499, 2500], newest.Output.Select(GetId));
        Assert.Equal(Enumerable.Range(400, 2000), before.Output.Select(GetId));
        Assert.Equal(Enumerable.Range(1, 2500), all.Output.Select(GetId));
    }

    [Fact]
    public async Task Rooms_and_status_show_what_the_service_has()
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
}
