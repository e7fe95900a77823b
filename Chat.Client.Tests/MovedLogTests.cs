using GrpcChat.Client;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What clients notice of a log that is moved between files and PostgreSQL: that the service was away.</summary>
[Trait("Log", "sqlite")] // The first log is one of files.
public sealed class MovedLogTests : LibraryTest
{
    [Fact]
    public async Task Clients_that_were_there_before_a_move_to_PostgreSQL_and_back_go_on_as_if_nothing_had_happened()
    {
        var database = PostgresCluster.Shared.CreateDatabase();
        var address = NobodyThere();
        await using var client = ChatClient.Open(Options(address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");

        await using (var files = await StartAsync(address, "files"))
        {
            for (var n = 1; n <= 5; n++)
            {
                Assert.False((await client.SendAsync("ops", $"text {n}", $"offset {n}").Soon()).WasStoredBefore);
            }

            await events.UntilAsync(taken => taken.Ids().Count() == 5);
            await RunAsync("trim", "--data", PathOf("files"), "--keep-messages", "4");
            await RunAsync("erase", "--data", PathOf("files"), "ops", "3");
            Assert.Equal(0, (await files.TerminateAsync()).ExitCode);
        }

        await client.EnqueueAsync("ops", "sent while it is moved to PostgreSQL");
        await RunAsync("export", "--data", PathOf("files"), PathOf("export"));
        await RunAsync("import", "--log", database, PathOf("export"));
        await RunAsync("check", "--log", database, "--compare", PathOf("files"));

        await using (var node = await StartAsync(address, "node", "--log", database))
        {
            await AssertOldOffsetsAreDuplicatesAsync();
            await client.SendAsync("ops", "in PostgreSQL", "offset 7").Soon();
            await events.UntilAsync(taken => taken.Ids().Count() == 7);
            Assert.Equal(0, (await node.TerminateAsync()).ExitCode);
        }

        await client.EnqueueAsync("ops", "sent while it is moved back");
        await RunAsync("export", "--log", database, PathOf("export-back"));
        await RunAsync("import", "--data", PathOf("back"), PathOf("export-back"));
        await RunAsync("check", "--data", PathOf("back"), "--compare", database);

        await using (await StartAsync(address, "back"))
        {
            await AssertOldOffsetsAreDuplicatesAsync();
            Assert.Equal(new SentMessage("ops", "offset 7", 7, WasStoredBefore: true), await client.SendAsync("ops", "in PostgreSQL", "offset 7").Soon());
            await client.SendAsync("ops", "in files again").Soon();
            await events.UntilAsync(taken => taken.Ids().Count() == 9);
        }

        Assert.Equal(Enumerable.Range(1, 9).Select(id => (long)id), events.Ids());
        Assert.Equal(
            ["sent while it is moved to PostgreSQL", "in PostgreSQL", "sent while it is moved back", "in files again"],
            events.Messages.Skip(5).Select(message => message.Text));
        Assert.Single(events.Messages.Select(message => message.LogId).Distinct());
        Assert.DoesNotContain(events.All, happened => happened is RoomReset or RoomGap or MessageRefused);

        // One is trimmed, one is erased, and one is as it was.
        async Task AssertOldOffsetsAreDuplicatesAsync()
        {
            foreach (var id in (long[])[1, 3, 5])
            {
                Assert.Equal(
                    new SentMessage("ops", $"offset {id}", id, WasStoredBefore: true),
                    await client.SendAsync("ops", $"text {id}", $"offset {id}").Soon());
            }
        }
    }

    private string PathOf(string name) => Path.Combine(Directory, name);

    private Task<ServiceProcess> StartAsync(string address, string data, params string[] arguments) =>
        ServiceProcess.StartAsync(PathOf(data), listen: address["http://".Length..], arguments: arguments);

    private static async Task RunAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(arguments);
        Assert.True(exitCode == 0 && errors.Length == 0, $"{string.Join(' ', arguments)} ended with {exitCode}: {output}{errors}");
    }
}
