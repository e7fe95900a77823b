using System.Net;
using System.Net.Sockets;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary><c>chat</c> without a terminal, against the real service, both as child processes.</summary>
public sealed class PipedChatTests : IDisposable
{
    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Ten_thousand_piped_lines_arrive_in_order_at_another_client()
    {
        var lines = Enumerable.Range(1, 10_000).Select(n => $"line {n}").ToArray();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var bob = await ClientProcess.JoinAsync(service.Address, "bob");
        await using var ann = ClientProcess.Start(service.Address, "ann");

        var typing = ann.TypeAsync(lines);
        var reading = bob.UntilItShowsAsync("ann: line 10000");
        var ending = ann.UntilItShowsAsync("ann: line 10000");
        await typing;
        ann.EndInput();
        await ending;

        Assert.Equal(0, await ann.ToEndAsync());
        await reading;
        Assert.Equal(lines.Select(line => $"ann: {line}"), ann.Messages);
        Assert.Equal(lines.Select(line => $"ann: {line}"), bob.Messages);
    }

    [Fact]
    public async Task Piped_lines_are_answered_before_the_client_ends()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using (var ann = ClientProcess.Start(service.Address, "ann"))
        {
            await ann.TypeAsync("a", "", "b");
            ann.EndInput();

            Assert.Equal(0, await ann.ToEndAsync());
            Assert.Equal(["ann: a", "ann: b"], ann.Messages);
        }

        await using var bob = await ClientProcess.JoinAsync(service.Address, "bob");
        await bob.UntilItShowsAsync("ann: b");
        Assert.Equal(["ann: a", "ann: b"], bob.Messages);
    }

    [Fact]
    public async Task A_client_loses_nothing_when_the_service_is_killed_and_started_again()
    {
        var lines = Enumerable.Range(1, 30).Select(n => $"line {n}").ToArray();
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            await using var ann = await ClientProcess.JoinAsync(service.Address, "ann");
            await ann.TypeAsync(lines[..10]);
            await ann.UntilItShowsAsync("ann: line 5");
            await service.KillAsync();
            await ann.TypeAsync(lines[10..20]);
            await ann.UntilItSaysAsync("retrying");
            await service.DisposeAsync();
            service = await ServiceProcess.StartAsync(data.Path, service.Address.Authority);
            await ann.TypeAsync(lines[20..]);
            ann.EndInput();

            Assert.Equal(0, await ann.ToEndAsync());
            Assert.Equal(lines.Select(line => $"ann: {line}"), ann.Messages);
            await using var bob = ClientProcess.Start(service.Address, "bob");
            bob.EndInput();
            Assert.Equal(0, await bob.ToEndAsync());
            Assert.Equal(ann.Messages, bob.Messages);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task If_nothing_answers_the_client_says_once_how_to_start_a_service_and_retries()
    {
        var nowhere = FreeEndpoint();
        await using var ann = ClientProcess.Start(new Uri($"http://{nowhere}"), "ann");
        await ann.TypeAsync("hello");
        await ann.UntilItSaysAsync("dotnet run --project Chat.Service");

        await using var service = await ServiceProcess.StartAsync(data.Path, nowhere.ToString());
        await ann.UntilItShowsAsync("ann: hello");
        ann.EndInput();

        Assert.Equal(0, await ann.ToEndAsync());
        Assert.Single(ann.Said, said => said.Contains("dotnet run", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Escape_sequences_in_a_text_and_in_a_name_arrive_escaped()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var bob = await ClientProcess.JoinAsync(service.Address, "bob");
        await using var eve = await ClientProcess.JoinAsync(service.Address, "Eve\u202e🦊");
        await eve.TypeAsync("\u001b[31mred\u009b0m", "end");
        await bob.UntilItShowsAsync(@"Eve\u202e🦊: end");

        Assert.Equal([@"Eve\u202e🦊: \x1b[31mred\x9b0m", @"Eve\u202e🦊: end"], bob.Messages);
    }

    [Fact]
    public async Task A_refused_line_is_shown_with_its_reason_and_counted()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var ann = ClientProcess.Start(service.Address, "ann");
        await ann.TypeAsync("before", new string('x', 20_000), "after");
        ann.EndInput();

        Assert.Equal(1, await ann.ToEndAsync());
        Assert.Equal(["ann: before", "ann: after"], ann.Messages);
        Assert.Contains(ann.Said, said => said.Contains("the text has 20000 bytes", StringComparison.Ordinal));
        Assert.Equal("0 lines without an answer, 1 refused", ann.Said[^1]);
    }

    [Fact]
    public async Task A_refusal_is_reported_before_another_line_is_typed()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var ann = await ClientProcess.JoinAsync(service.Address, "ann");
        await ann.TypeAsync(new string('x', 20_000));

        await ann.UntilItSaysAsync("the text has 20000 bytes");
    }

    [Fact]
    public async Task A_new_client_shows_the_last_fifty_messages_and_a_mark_after_them()
    {
        var lines = Enumerable.Range(1, 62).Select(n => $"line {n}").ToArray();
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using (var ann = ClientProcess.Start(service.Address, "ann"))
        {
            await ann.TypeAsync(lines);
            ann.EndInput();
            Assert.Equal(0, await ann.ToEndAsync());
        }

        await using var bob = ClientProcess.Start(service.Address, "bob");
        bob.EndInput();

        Assert.Equal(0, await bob.ToEndAsync());
        Assert.Equal(lines[12..].Select(line => $"ann: {line}"), bob.Messages);
        Assert.Equal(
            [$"connected to {service.Address}, room lobby", "· 12 older messages are not shown", "── up to date ──"],
            bob.Said);
    }

    [Fact]
    public async Task After_a_reset_the_client_says_so_and_shows_its_own_messages_before_it_ends()
    {
        var service = await ServiceProcess.StartAsync(data.Path);
        using var otherData = new TempDirectory();
        try
        {
            await using var ann = await ClientProcess.JoinAsync(service.Address, "ann");
            await ann.TypeAsync("in the old log");
            await ann.UntilItShowsAsync("ann: in the old log");
            await service.KillAsync();
            await service.DisposeAsync();
            service = await ServiceProcess.StartAsync(otherData.Path, service.Address.Authority);
            await ann.UntilItSaysAsync("a different log");
            await ann.TypeAsync("in the new log");
            ann.EndInput();

            Assert.Equal(0, await ann.ToEndAsync());
            Assert.Equal("ann: in the new log", ann.Messages[^1]);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_wrong_argument_ends_the_client_with_one_line()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var nobody = ClientProcess.Start(service.Address, "ann", "--room", "Not A Room");

        Assert.Equal(2, await nobody.ToEndAsync());
        Assert.Contains("'Not A Room' is not a valid room name", Assert.Single(nobody.Said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_client_cleanly()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var ann = await ClientProcess.JoinAsync(service.Address, "ann");
        await ann.InterruptAsync();

        Assert.Equal(0, await ann.ToEndAsync());
        Assert.Equal("── up to date ──", ann.Said[^1]);
    }

    private static IPEndPoint FreeEndpoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }
}
