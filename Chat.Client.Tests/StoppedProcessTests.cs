using GrpcChat.TestSupport;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>
/// A process that is stopped with SIGSTOP is a half-open connection: the system goes on for it, and nothing answers.
/// </summary>
public sealed class StoppedProcessTests
{
    private const int Before = 100;
    private const int Meanwhile = 900;
    private const string Room = "jobs";

    [Fact]
    public async Task A_client_that_is_stopped_is_given_up_and_misses_nothing_when_it_continues()
    {
        using var temp = new TempDirectory();
        await using var server = await ChatServer.StartAsync(addServices: GiveUpSoon);
        await server.FillAsync(Room, Before);
        await using var receiver = WorkerProcess.Start(
            "apply", server.Address.ToString(), Path.Combine(temp.Path, "state.db"), Room, $"{Before + Meanwhile}", "0");
        await receiver.UntilItSaysAsync($"applied {Before}");

        await receiver.SignalAsync("STOP");
        await server.UntilStreamsAsync(0);
        await server.UntilNoFrameIsPendingAsync();
        await using (var ann = server.Open("ann", "room", "-"))
        {
            await ann.SendManyAsync(Room, Enumerable.Range(1, Meanwhile).Select(n => ($"k-{n}", $"{n}")));
        }

        await receiver.SignalAsync("CONT");
        Assert.Equal(0, await receiver.ToEndAsync());
        Assert.Equal(
            Enumerable.Range(1, Before + Meanwhile).Select(id => $"applied {id}"),
            receiver.Lines.Where(line => line.StartsWith("applied", StringComparison.Ordinal)));
    }

    // A ping after one second of silence, which must be answered within another one, instead of 30 and 20.
    private static void GiveUpSoon(IServiceCollection services) => services.Configure<KestrelServerOptions>(kestrel =>
        kestrel.Limits.Http2.KeepAlivePingDelay = kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(1));
}
