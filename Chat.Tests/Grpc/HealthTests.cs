using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Tests.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace GrpcChat.Tests.Grpc;

/// <summary>What probes and load balancers are told.</summary>
public sealed class HealthTests
{
    private const string Chat = "chat.v1.ChatService";

    [Theory]
    [InlineData("")]
    [InlineData(Chat)]
    [InlineData($"{Chat}/read")]
    [InlineData($"{Chat}/write")]
    public async Task Check_and_Watch_tell_SERVING_of_a_service_that_serves(string service)
    {
        await using var server = await ChatServer.StartAsync();
        using var watch = new WatchCall(server.Channel, service);

        Assert.Equal(ServingStatus.Serving, await CheckAsync(server.Channel, service));
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
    }

    [Fact]
    public async Task The_health_checks_of_ASPNET_Core_tell_the_same()
    {
        await using var server = await ChatServer.StartAsync();
        Assert.Equal((HealthStatus.Healthy, "ok", "ok", false), await CheckAsync());

        server.AskToStop();
        Assert.Equal((HealthStatus.Unhealthy, "ok", "ok", true), await CheckAsync());

        Task<(HealthStatus, object, object, object)> CheckAsync() => CheckHealthAsync(server);
    }

    [Fact]
    public async Task The_health_checks_of_ASPNET_Core_tell_what_cannot_be_done_and_why()
    {
        var health = new LogHealth();
        await using var server = await ChatServer.StartAsync(
            openLog: data => new HookedLog(TestLog.Open(data)) { Health = health });

        health.SetWrite("the disk is full");
        Assert.Equal((HealthStatus.Degraded, "ok", "the disk is full", false), await CheckHealthAsync(server));
        health.SetRead("a page is damaged");
        Assert.Equal((HealthStatus.Unhealthy, "a page is damaged", "the disk is full", false), await CheckHealthAsync(server));
        health.SetWrite(null);
        Assert.Equal((HealthStatus.Unhealthy, "a page is damaged", "ok", false), await CheckHealthAsync(server));
    }

    [Theory]
    [InlineData("chat.v1.Chat")]
    [InlineData("CHAT.V1.CHATSERVICE")]
    [InlineData("grpc.health.v1.Health")]
    [InlineData("chat.v1.ChatService/Chat")]
    [InlineData("/read")]
    public async Task Check_of_an_unknown_service_is_NOT_FOUND_and_names_it(string service)
    {
        await using var server = await ChatServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(() => CheckAsync(server.Channel, service));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains(service, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_of_an_unknown_service_tells_SERVICE_UNKNOWN_and_goes_on_until_the_stop()
    {
        await using var server = await ChatServer.StartAsync();
        using var watch = new WatchCall(server.Channel, "nobody");
        Assert.Equal(ServingStatus.ServiceUnknown, await watch.NextAsync());
        Assert.Equal(1, server.Calls.Count);

        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
    }

    [Fact]
    public async Task Every_watcher_hears_of_the_stop_and_none_holds_it_up()
    {
        // A stop that has to wait for a call would take nearly as long as this.
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = TimeSpan.FromMinutes(2));
        var watches = new List<WatchCall>();
        for (var n = 0; n < 200; n++)
        {
            watches.Add(new WatchCall(server.Channel, n % 2 == 0 ? "" : Chat));
            Assert.Equal(ServingStatus.Serving, await watches[^1].NextAsync());
        }

        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        foreach (var watch in watches)
        {
            Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
            Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
            watch.Dispose();
        }
    }

    [Fact]
    public async Task SIGTERM_ends_the_process_at_once_though_somebody_watches()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path, environment: ("CHAT_DRAINLIMIT", "00:01:00"));
        using var channel = service.OpenChannel();
        using var watch = new WatchCall(channel);
        await using var reflection = new ReflectionCall(channel);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        await reflection.AskAsync(new() { ListServices = "" });
        var reflectionEnd = reflection.EndAsync();

        var (exitCode, errors, took) = await service.TerminateAsync();

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
        Assert.Equal(StatusCode.Unavailable, await reflectionEnd);
    }

    [Fact]
    public async Task SIGTERM_is_not_held_up_by_20_000_watches_and_1_000_reflection_streams()
    {
        const int Connections = 20;
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        var channels = Enumerable.Range(0, Connections + 1).Select(_ => service.OpenChannel()).ToList();
        var watches = new List<WatchCall>();
        foreach (var channel in channels.Take(Connections))
        {
            var opened = Enumerable.Range(0, 1000).Select(_ => new WatchCall(channel)).ToList();
            Assert.All(
                await Task.WhenAll(opened.Select(watch => watch.NextAsync())),
                status => Assert.Equal(ServingStatus.Serving, status));
            watches.AddRange(opened);
        }

        var reflections = Enumerable.Range(0, 1000).Select(_ => new ReflectionCall(channels[^1])).ToList();
        await Task.WhenAll(reflections.Select(call => call.AskAsync(new() { ListServices = "" })));
        var reflectionEnds = Task.WhenAll(reflections.Select(call => call.ToEndAsync()));
        var watchEnds = Task.WhenAll(watches.Select(watch => watch.ToEndAsync()));

        var (exitCode, errors, took) = await service.TerminateAsync();

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(30));

        // One machine for so many streams and their clients is not always fast enough to read every status before the
        // connections close, but a client that reads none knows from its library that it should retry.
        Assert.All(
            (await watchEnds).Concat(await reflectionEnds),
            end => Assert.Equal(Retryable.Yes, ErrorTable.Find(end.StatusCode, "").Retryable));
        channels.ForEach(channel => channel.Dispose());
    }

    [Fact]
    public async Task Half_a_health_request_costs_no_other_call_of_its_connection_and_is_cut_off_by_the_stop()
    {
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = TimeSpan.FromSeconds(2));
        using var http = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = ChatCall.Deadline });
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpClient = http });
        var half = new HalfRequest();
        using var request = RawCall.Request(server.Address, "Check", half, ("expect", "100-continue"));
        request.RequestUri = new Uri(server.Address, "/grpc.health.v1.Health/Check");
        var calling = http.SendAsync(request);
        await half.IsRead.WaitAsync(ChatCall.Deadline);

        using var watch = new WatchCall(channel);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        Assert.Equal(ServingStatus.Serving, await CheckAsync(channel));
        Assert.False(calling.IsCompleted);
        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => calling);
    }

    [Fact]
    public async Task Health_answers_new_connections_while_the_service_drains()
    {
        var gate = new BatchGate();
        await using var server = await ChatServer.StartAsync(beforeCommit: gate.BeforeCommit);
        var held = gate.HoldNext();
        try
        {
            await using var ann = await server.JoinAsync("ann");
            await ann.SendAsync("k", "the stop waits for this one");
            await held.ReachedAsync();
            var stopping = server.Stopping;
            var stop = server.StopAsync();
            await stopping.WaitAsync(ChatCall.Deadline);

            using var probe = server.OpenChannel();
            Assert.Equal(ServingStatus.NotServing, await CheckAsync(probe));
            using var watch = new WatchCall(probe);
            Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
            Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
            Assert.False(stop.IsCompleted);

            held.Release();
            await ann.ToEndAsync();
            Assert.Single(ann.Acks);
            await stop.WaitAsync(ChatCall.Deadline);
        }
        finally
        {
            gate.Open();
        }
    }

    [Fact]
    public async Task A_log_that_broke_is_NOT_SERVING()
    {
        await using var server = await ChatServer.StartAsync(beforeCommit: _ => throw new IOException("The disk does not answer."));
        server.ExpectErrors();
        using var watch = new WatchCall(server.Channel, Chat);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());
        await using var ann = await server.JoinAsync("ann");

        await ann.SendAsync("fatal", "nobody knows");

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal(ServingStatus.NotServing, await CheckAsync(server.Channel));
    }

    [Fact]
    public async Task A_log_that_stopped_is_NOT_SERVING_though_the_service_runs()
    {
        await using var server = await ChatServer.StartAsync();
        using var watch = new WatchCall(server.Channel);
        Assert.Equal(ServingStatus.Serving, await watch.NextAsync());

        await server.Log.DisposeAsync();

        Assert.Equal(ServingStatus.NotServing, await watch.NextAsync());
        Assert.Equal(ServingStatus.NotServing, await CheckAsync(server.Channel));
        Assert.Equal(1, server.Calls.Count);

        // It has been told already, so the stop only ends it.
        await server.StopAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal(StatusCode.Unavailable, await watch.EndAsync());
    }

    [Fact]
    public async Task A_watcher_that_is_gone_is_forgotten()
    {
        await using var server = await ChatServer.StartAsync();
        var cancelled = new WatchCall(server.Channel);
        using var ownConnection = server.OpenChannel();
        using var cutOff = new WatchCall(ownConnection);
        Assert.Equal(ServingStatus.Serving, await cancelled.NextAsync());
        Assert.Equal(ServingStatus.Serving, await cutOff.NextAsync());
        Assert.Equal(2, server.Calls.Count);

        cancelled.Dispose();
        ownConnection.Dispose();

        await server.Calls.WhenNoneAsync().WaitAsync(ChatCall.Deadline);
    }

    private static async Task<(HealthStatus, object, object, object)> CheckHealthAsync(ChatServer server)
    {
        var check = new HealthCheckRegistration("grpcchat", server.Serving, HealthStatus.Unhealthy, tags: null);
        var result = await server.Serving.CheckHealthAsync(new HealthCheckContext { Registration = check });
        return (result.Status, result.Data["read"], result.Data["write"], result.Data["draining"]);
    }

    private static async Task<ServingStatus> CheckAsync(GrpcChannel channel, string service = "") =>
        (await new Health.HealthClient(channel).CheckAsync(
            new HealthCheckRequest { Service = service }, deadline: DateTime.UtcNow + ChatCall.Deadline)).Status;
}
