using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The example in the documentation, run as a reader would run it.</summary>
public sealed class LibraryExampleTests : LibraryTest
{
    [Fact]
    public async Task It_sends_once_and_notes_every_message_once_however_often_it_is_killed_and_started()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("orders", 2);
        await using (var first = WorkerProcess.StartExample(server.Address.ToString(), StatePath))
        {
            await first.UntilItSaysAsync("stored: shipped-4711");
            await first.UntilItSaysAsync("noted: Order 4711 has shipped.");
            Assert.True(await first.KillAsync());
        }

        await server.SendOnceAsync("ann", "orders", "later", "Order 4712 was cancelled.");
        await using (var second = WorkerProcess.StartExample(server.Address.ToString(), StatePath))
        {
            await second.UntilItSaysAsync("noted: Order 4712 was cancelled.");
            Assert.True(await second.KillAsync());
            Assert.Single(second.Lines, line => line.StartsWith("noted:", StringComparison.Ordinal));
        }

        var room = await server.Client("reader").ListMessagesAsync(new ListMessagesRequest { Room = "orders" });
        Assert.Equal(["1 ", "2 ", "Order 4711 has shipped.", "Order 4712 was cancelled."], room.Messages.Select(message => message.Text));
        Assert.Equal(room.Messages.Select(message => message.Text), Query("SELECT text FROM shipment ORDER BY id"));
    }

    [Fact]
    public async Task It_says_that_nothing_answers_and_goes_on_when_the_service_comes()
    {
        using var data = new TempDirectory();
        var address = NobodyThere();
        await using var example = WorkerProcess.StartExample(address, StatePath);
        while (await example.ReadLineAsync() is { } line && !line.StartsWith($"nothing answers at {address}", StringComparison.Ordinal))
        {
        }

        await using var service = await ServiceProcess.StartAsync(data.Path, listen: address["http://".Length..]);

        await example.UntilItSaysAsync("noted: Order 4711 has shipped.");
    }
}
