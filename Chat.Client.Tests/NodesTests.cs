using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.Client.Connecting;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using static GrpcChat.V1.GoAway.Types;

namespace GrpcChat.Client.Tests;

/// <summary>Which of several nodes a client calls, and when it calls another one.</summary>
public sealed class NodesTests : LibraryTest
{
    private const double First = 0;

    [Fact]
    public void A_node_that_fails_is_followed_by_any_other_and_none_is_tried_twice_before_all_have_been()
    {
        string[] nodes = ["a", "b", "c", "d"];
        var followers = new HashSet<string>();
        for (var seed = 0; seed < 100; seed++)
        {
            var rotation = new Rotation<string>(new Random(seed));
            var first = rotation.Next(nodes);
            rotation.Succeed();
            string[] outage = [.. Enumerable.Range(0, 7).Select(_ => rotation.Next(nodes))];
            followers.Add(first + outage[0]);

            Assert.Equal(nodes.Except([first]), outage[..3].Order());
            Assert.NotEqual(outage[2], outage[3]);
            Assert.Equal(4, outage[3..].Distinct().Count());
        }

        Assert.Equal(12, followers.Count);
    }

    [Fact]
    public void A_list_that_names_one_node_twice_is_one_node()
    {
        var rotation = new Rotation<string>(new Random(1));
        Assert.Equal(["a", "a", "a"], Enumerable.Range(0, 3).Select(_ => rotation.Next(["a", "a"])));
    }

    [Fact]
    public async Task Clients_begin_with_any_node_and_name_the_one_that_they_are_connected_to()
    {
        await using var a = await ChatServer.StartAsync();
        await using var b = await ChatServer.StartAsync();
        var nodes = new ConcurrentBag<string?>();

        await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
        {
            await using var client = ChatClient.Open(Two(a.Address.ToString(), b.Address.ToString()));
            nodes.Add((await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Connected)).Node);
        }));

        Assert.Equal(new[] { $"{a.Address}", $"{b.Address}" }.Order(), nodes.Distinct().Order());
    }

    [Fact]
    public async Task A_client_of_one_node_names_none()
    {
        await using var a = await ChatServer.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(a.Address));
        Assert.Null((await ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Connected)).Node);
    }

    [Fact]
    public async Task After_a_go_away_the_client_is_on_another_node_when_its_delay_is_over_and_no_send_has_failed()
    {
        var time = new ManualTime();
        await using var a = await ScriptedChat.StartAsync();
        await using var b = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(
            Two(a.Address, b.Address) with { Random = new FixedRandom(First), TimeProvider = time });
        await using var events = new ClientEvents(client);
        var drained = await a.WelcomeAsync();
        await events.StateAsync(ConnectionState.Connected);
        await drained.SayAsync(Scripted.GoAway(Why.Draining, after: 1.5));
        drained.Fail(StatusCode.Unavailable, "DRAINING");
        await events.StateAsync(ConnectionState.Waiting);
        var sending = client.SendAsync("ops", "meanwhile");
        await time.UntilDueAsync(TimeSpan.FromSeconds(1.5));
        time.Advance(TimeSpan.FromSeconds(1.5));

        var next = await b.WelcomeAsync();
        await next.UntilAsync(stream => stream.Sends.Any());
        await next.AckAsync(next.Sends);
        Assert.Equal(1, (await sending.Soon()).Id);
        Assert.Equal(b.Address, (await events.StateAsync(ConnectionState.Connected)).Node);
    }

    [Fact]
    public async Task A_node_that_accepts_and_says_nothing_is_left_within_the_connect_timeout()
    {
        var time = new ManualTime();
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        await using var good = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(Two($"http://{hole.LocalEndpoint}", good.Address) with
        {
            Random = new FixedRandom(First),
            TimeProvider = time,
            ConnectTimeout = TimeSpan.FromSeconds(7),
        });
        await using var events = new ClientEvents(client);
        await time.UntilDueAsync(TimeSpan.FromSeconds(7));
        time.Advance(TimeSpan.FromSeconds(7));

        var problem = (await events.StateAsync(ConnectionState.Waiting)).Problem!;
        Assert.Equal((ProblemKind.Silent, $"http://{hole.LocalEndpoint} sent nothing for 7 s"), (problem.Kind, problem.Message));
        await good.WelcomeAsync();
        Assert.Equal(good.Address, (await events.StateAsync(ConnectionState.Connected)).Node);
    }

    [Fact]
    public async Task A_call_goes_to_the_node_that_answers_the_stream_and_to_another_one_if_it_is_silent()
    {
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        string[] addresses = [$"http://{hole.LocalEndpoint}", server.Address.ToString()];
        var options = LibraryTests.Quick(addresses[0]) with
        {
            Addresses = addresses,
            Random = new FixedRandom(First),
            CallTimeout = TimeSpan.FromSeconds(4),
        };

        // Its stream hangs in the hole, too.
        await using (var cold = ChatClient.Open(options))
        {
            Assert.Equal(3, (await cold.ReadHistoryAsync("ops").Soon()).Messages.Count);
        }

        // The calls before and after this one would begin with the hole.
        await using var warm = ChatClient.Open(options with { ConnectTimeout = TimeSpan.FromMilliseconds(50), CallTimeout = TimeSpan.FromHours(1) });
        await ReadAsync<ConnectionChanged>(warm, changed => changed.State == ConnectionState.Connected);
        Assert.Equal(3, (await warm.ReadHistoryAsync("ops").Soon()).Messages.Count);
    }

    [Fact]
    public async Task A_name_with_several_IP_addresses_is_several_nodes_and_is_resolved_anew_for_each_attempt()
    {
        IPAddress[] hosts = [IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")];
        await using var first = await ScriptedChat.StartAsync(hosts[0]);
        var port = new Uri(first.Address).Port;
        await using var second = await ScriptedChat.StartAsync(hosts[1], port);
        await using var third = await ScriptedChat.StartAsync(hosts[2], port);
        ScriptedChat[] nodes = [first, second, third];
        var asked = new ConcurrentQueue<string>();
        var known = hosts[..2];
        await using var client = ChatClient.Open(LibraryTests.Quick($"http://chat.test:{port}") with
        {
            Resolve = (host, _) =>
            {
                asked.Enqueue(host);
                return Task.FromResult(known);
            },
        });
        await using var events = new ClientEvents(client);

        async Task<int> ConnectedAsync()
        {
            var node = (await events.StateAsync(ConnectionState.Connected)).Node;
            return Array.FindIndex(hosts, host => node == $"http://chat.test:{port} ({host})");
        }

        var waits = nodes.Select(node => node.WelcomeAsync()).ToArray();
        var one = await ConnectedAsync();
        (await waits[one]).Fail(StatusCode.Unavailable);
        var two = await ConnectedAsync();
        Assert.Equal(1 - one, two);

        // The first two are gone from the name: only the third is left.
        known = hosts[2..];
        (await waits[two]).Fail(StatusCode.Unavailable);
        await waits[2];
        Assert.Null((await events.StateAsync(ConnectionState.Connected)).Node);
        Assert.Equal(["chat.test", "chat.test", "chat.test"], asked);
    }

    [Fact]
    public async Task An_IP_address_of_a_name_where_nothing_listens_is_no_failed_attempt()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick($"http://chat.test:{new Uri(chat.Address).Port}") with
        {
            Random = new FixedRandom(First),
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]),
        });
        await using var events = new ClientEvents(client);
        await chat.WelcomeAsync();

        await events.StateAsync(ConnectionState.Connected);
        Assert.DoesNotContain(events.All, happened => happened is ConnectionChanged { State: ConnectionState.Waiting });
    }

    [Fact]
    public async Task Localhost_is_whichever_loopback_address_the_service_listens_on()
    {
        await using var server = await ChatServer.StartAsync();
        for (var n = 0; n < 10; n++)
        {
            await using var client = ChatClient.Open(LibraryTests.Quick($"http://localhost:{server.Address.Port}"));
            await using var events = new ClientEvents(client);
            await client.SendAsync("ops", $"{n}").Soon();
            await events.StateAsync(ConnectionState.Connected);
            Assert.DoesNotContain(events.All, happened => happened is ConnectionChanged { State: ConnectionState.Waiting });
        }
    }

    [Fact]
    public async Task A_name_that_no_server_resolves_in_time_is_a_failed_attempt()
    {
        await using var client = ChatClient.Open(LibraryTests.Quick("http://chat.test:1") with
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(20),
            Resolve = (_, _) => new TaskCompletionSource<IPAddress[]>().Task,
        });
        var problem = (await ReadAsync<ConnectionChanged>(client, changed => changed.Problem is not null)).Problem!;
        Assert.Equal(ProblemKind.Unreachable, problem.Kind);
        Assert.Contains("no name server has resolved the host of http://chat.test:1 in time", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_comes_back_on_another_node_than_the_one_that_replaced_it_halts_the_client()
    {
        await using var a = await ScriptedChat.StartAsync();
        await using var b = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(Two(a.Address, b.Address) with { Random = new FixedRandom(First) });
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");

        var first = await a.WelcomeAsync();
        await first.JoinedAsync("ops", after: 0, head: 5, logId: "log-a");
        await events.NextAsync<RoomJoined>();
        first.Fail(StatusCode.Unavailable);
        var second = await b.WelcomeAsync();
        await second.JoinedAsync("ops", after: 0, head: 5, logId: "log-b", Resume.Reset);
        await events.NextAsync<RoomReset>();
        second.Fail(StatusCode.Unavailable);
        var third = await a.WelcomeAsync();
        await third.JoinedAsync("ops", after: 0, head: 5, logId: "log-a", Resume.Reset);

        var problem = (await events.StateAsync(ConnectionState.Halted)).Problem!;
        Assert.Equal(ProblemKind.DifferentLogs, problem.Kind);
        Assert.Contains($"{b.Address} has the log log-b, and {a.Address} has the log log-a", problem.Message, StringComparison.Ordinal);
        Assert.Single(events.All.OfType<RoomReset>());
        await Assert.ThrowsAsync<ChatHaltedException>(() => client.SendAsync("ops", "hello").Soon());
    }

    [Fact]
    public async Task A_log_that_comes_back_on_the_node_that_replaced_it_is_a_reset()
    {
        await using var a = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(a.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");

        foreach (var (logId, resume) in new[] { ("old", Resume.Complete), ("new", Resume.Reset), ("old", Resume.Reset) })
        {
            var stream = await a.WelcomeAsync();
            await stream.JoinedAsync("ops", after: 0, head: 0, logId, resume);
            await events.NextAsync<RoomJoined>();
            stream.Fail(StatusCode.Unavailable);
        }

        await events.StateAsync(ConnectionState.Waiting);
        Assert.Equal(2, events.All.OfType<RoomReset>().Count());
    }

    [Fact]
    public async Task The_state_file_does_not_depend_on_the_order_of_the_addresses_or_on_the_node_that_answered()
    {
        await using var server = await ChatServer.StartAsync();
        var nobody = NobodyThere();
        await using (var client = ChatClient.Open(Options(nobody) with { Addresses = [nobody, server.Address.ToString()] }))
        {
            await client.EnqueueAsync("ops", "first");
            await client.FlushAsync().Soon();
        }

        await using (var client = ChatClient.Open(Options(nobody) with { Addresses = [server.Address.ToString(), nobody] }))
        {
            await client.EnqueueAsync("ops", "second");
            await client.FlushAsync().Soon();
        }
    }

    [Fact]
    public async Task Two_hundred_clients_of_a_node_that_stops_arrive_at_the_other_one_little_by_little()
    {
        const int Clients = 200;
        const int Steps = 10;
        var time = new ManualTime();
        var a = await ChatServer.StartAsync();
        await using var b = await ChatServer.StartAsync();
        var clients = Enumerable.Range(0, Clients).Select(n => ChatClient.Open(
            Two(a.Address.ToString(), b.Address.ToString(), $"user-{n}") with { Random = new FixedRandom(First), TimeProvider = time })).ToList();
        await Task.WhenAll(clients.Select(client =>
            ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Connected)));
        Assert.All(clients, client => Assert.Equal(a.Address.ToString(), client.Connection.Node));

        await a.DisposeAsync();
        var delays = (await Task.WhenAll(clients.Select(client =>
            ReadAsync<ConnectionChanged>(client, changed => changed.State == ConnectionState.Waiting))))
            .Select(waiting => TimeSpan.FromMilliseconds((long)waiting.Problem!.RetryAfter!.Value.TotalMilliseconds)) // As timers take it.
            .ToList();
        foreach (var delay in delays)
        {
            await time.UntilDueAsync(delay);
        }

        // Of 200 that are spread evenly, 20 arrive in each tenth of the time.
        var arrived = 0;
        for (var step = 1; step <= Steps; step++)
        {
            var now = TimeSpan.FromSeconds(2) * step / Steps;
            time.Advance(now - (TimeSpan.FromSeconds(2) * (step - 1) / Steps));
            var due = delays.Count(delay => delay <= now);
            await UntilAsync(() => Arrived() >= due);
            Assert.Equal(due, Arrived());
            Assert.InRange(due - arrived, 1, Clients / 4);
            arrived = due;
        }

        Assert.Equal(Clients, arrived);
        int Arrived() => clients.Count(client => client.Connection.Node == b.Address.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"delays from {delays.Min().TotalSeconds:0.000} s to {delays.Max().TotalSeconds:0.000} s");
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
    }

    private static async Task UntilAsync(Func<bool> satisfied)
    {
        using var deadline = new CancellationTokenSource(ChatCall.Deadline);
        while (!satisfied())
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    private static ChatClientOptions Two(string a, string b, string user = "ann") =>
        LibraryTests.Quick(a, user) with { Addresses = [a, b] };
}
