using System.Net;
using System.Net.Sockets;
using GrpcChat.Bench.Hostile;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>More connections than the process can hold are refused, and the service lives on.</summary>
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task More_connections_than_the_process_may_open_files_do_not_end_it()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path, launcher: ["prlimit", "--nofile=1024"]);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.UntilAsync(c => c.Joined.Count == 1);

        var sockets = new List<Socket>();
        try
        {
            // As HTTP/2 clients, with empty settings: a connection that says nothing costs the service less.
            byte[] preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];
            for (var i = 0; i < 3000; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                try
                {
                    await socket.ConnectAsync(service.Address.Host, service.Address.Port).WaitAsync(ChatCall.Deadline);
                    socket.Send(preface);
                }
                catch (SocketException)
                {
                    // Refused already.
                }
            }

            await ann.SendManyAsync("lobby", [("k", "still here")]);
            Assert.InRange(Directory.GetFiles($"/proc/{service.Id}/fd").Length, 500, 900);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        using var next = service.OpenChannel();
        await using var bob = new ChatCall(next, "user", "bob");
        await bob.UntilAsync(c => c.Messages.Count == 1);
        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
    }

    [Fact]
    public async Task Connections_from_one_address_are_limited_and_other_addresses_are_not()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(
            data.Path, arguments: ["--max-connections-per-address", "3"], management: "127.0.0.1:0");
        IPAddress[] addresses = [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")];
        var connections = new List<RawHttp2>();
        try
        {
            foreach (var address in addresses)
            {
                for (var i = 0; i < 3; i++)
                {
                    connections.Add(await RawHttp2.ConnectAsync(service.Address, address));
                }
            }

            // The address of the machine itself is that of a proxy or of any user.
            for (var i = 0; i < 10; i++)
            {
                connections.Add(await RawHttp2.ConnectAsync(service.Address, IPAddress.Loopback));
            }

            foreach (var address in addresses)
            {
                await UntilRefusedAsync(address);
            }

            Assert.All(connections, connection => Assert.False(connection.Closed.IsCompleted));
            using var http = new HttpClient();
            var metrics = await http.GetStringAsync(new Uri(new Uri(service.StartLines[1]["management: ".Length..]), "/metrics"));
            Assert.Matches("""chat_limited_total\{[^}]*chat_limit="MaxConnectionsPerAddress"[^}]*\} 2\s""", metrics);
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }

        async Task UntilRefusedAsync(IPAddress address)
        {
            try
            {
                await using var refused = await RawHttp2.ConnectAsync(service.Address, address);
                await refused.Closed.WaitAsync(ChatCall.Deadline);
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                // Closed before this side had said anything.
            }
        }
    }

    [Fact]
    public async Task What_a_refused_connection_sends_stays_with_its_client()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(
            data.Path, arguments: ["--max-connections-per-address", "1"]);
        var attackers = IPAddress.Parse("127.0.0.2");
        await using var allowed = await RawHttp2.ConnectAsync(service.Address, attackers);
        using var refused = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 4096 };
        refused.Bind(new IPEndPoint(attackers, 0));
        await refused.ConnectAsync(service.Address.Host, service.Address.Port);

        var sent = 0;
        try
        {
            var part = new byte[4096];
            while (true)
            {
                sent += await refused.SendAsync(part).WaitAsync(ChatCall.Deadline);
            }
        }
        catch (SocketException)
        {
            // Closed.
        }

        Assert.InRange(sent, 0, 512 * 1024);
    }
}
