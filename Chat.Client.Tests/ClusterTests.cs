using GrpcChat.Client;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Clients of two nodes, each a process of its own, on one PostgreSQL database.</summary>
public sealed class ClusterTests : LibraryTest
{
    private const int Senders = 4;
    private const int Each = 400;

    private readonly string database = PostgresCluster.Shared.CreateDatabase();
    private readonly List<TempDirectory> directories = [];

    [Fact]
    public async Task When_a_node_is_killed_under_load_its_clients_go_on_with_the_other_and_nothing_is_lost_or_repeated()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();

        await TalkAsync(a, b, async moment =>
        {
            await moment;
            await a.KillAsync();
        });
    }

    [Fact]
    public async Task When_a_node_drains_its_clients_are_on_the_other_within_the_drain_time_and_no_send_fails()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();

        await TalkAsync(a, b, async moment =>
        {
            await moment;
            var (exitCode, errors, took) = await a.TerminateAsync();
            Assert.Equal((0, ""), (exitCode, errors));
            Assert.InRange(took.TotalSeconds, 0, 10);
        });
    }

    // Senders that begin on either node, and a reader that begins on the one that goes away after a third of the messages.
    private async Task TalkAsync(ServiceProcess a, ServiceProcess b, Func<Task, Task> leaveAsync)
    {
        string[] addresses = [a.Address.ToString(), b.Address.ToString()];
        await using var reader = ChatClient.Open(
            Options(addresses[0], withState: false) with { Addresses = addresses, User = "reader", Random = new FixedRandom(0) });
        _ = reader.JoinAsync("ops");
        await ReadAsync<RoomJoined>(reader);
        Assert.Equal(addresses[0], reader.Connection.Node);
        var third = new TaskCompletionSource();
        var leaving = leaveAsync(third.Task);
        var sending = Enumerable.Range(0, Senders).Select(async n =>
        {
            await using var client = ChatClient.Open(Options(addresses[0], withState: false) with
            {
                Addresses = addresses,
                User = $"user-{n}",
                Random = new FixedRandom(n % 2),
            });
            for (var i = 1; i <= Each; i += 10)
            {
                await Task.WhenAll(Enumerable.Range(i, 10).Select(m => client.SendAsync("ops", $"{m}"))).WaitAsync(ChatCall.Deadline);
            }
        }).ToList();

        var messages = await ReadAsync<MessageReceived>(reader, Senders * Each / 3);
        third.SetResult();
        messages.AddRange(await ReadAsync<MessageReceived>(reader, (Senders * Each) - messages.Count));
        await Task.WhenAll(sending);
        await leaving;

        Assert.Equal(addresses[1], reader.Connection.Node);
        Assert.Equal(Enumerable.Range(1, Senders * Each).Select(id => (long)id), messages.Select(received => received.Message.Id));
        for (var n = 0; n < Senders; n++)
        {
            var own = messages.Where(received => received.Message.Sender == $"user-{n}").Select(received => received.Message.Text);
            Assert.Equal(Enumerable.Range(1, Each).Select(m => $"{m}"), own);
        }

        var page = await reader.ReadHistoryAsync("ops", count: 1).WaitAsync(ChatCall.Deadline);
        Assert.Equal(Senders * Each, page.HeadId);
    }

    private Task<ServiceProcess> StartNodeAsync()
    {
        var directory = new TempDirectory();
        directories.Add(directory);
        return ServiceProcess.StartAsync(
            directory.Path,
            arguments: ["--max-sends-per-sender-and-second", "0"],
            environment: [("CHAT_LOG", database)]);
    }
}
