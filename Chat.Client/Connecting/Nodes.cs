using System.Net;
using System.Net.Sockets;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Which node each attempt calls. Every address of the options is one, and if its host name has several IP addresses,
/// each of those is one. Names are resolved anew for each attempt.
/// </summary>
/// <param name="options">Has the addresses.</param>
/// <param name="first">The node of the first attempt; null for any.</param>
internal sealed class Nodes(ChatClientOptions options, Target? first = null)
{
    private readonly Rotation<string> addresses = new(options.Random);
    private readonly Rotation<IPAddress> hosts = new(options.Random);

    /// <summary>Chooses the node of the next attempt.</summary>
    /// <exception cref="UnknownHostException">The name of the host cannot be resolved.</exception>
    public async Task<Target> NextAsync(CancellationToken stopping)
    {
        if (Interlocked.Exchange(ref first, null) is { } given)
        {
            addresses.Try(given.Address);
            return given with { };
        }

        var target = Target.Find(addresses.Next(options.Addresses), options);

        // A proxy resolves the name by itself.
        var all = target.Proxy is null && options.Channel is null ? await ResolveAsync(target, stopping) : [];
        return target with { Hosts = all, HasOthers = options.Addresses.Count > 1 || all.Count > 1 };
    }

    /// <summary>
    /// Connects to a node. If its name has several IP addresses, to the first one that accepts. It begins with the one that
    /// the target names, or else with one that has not been tried since the last connection.
    /// </summary>
    public async ValueTask<Stream> ConnectAsync(Target target, int port, CancellationToken cancellationToken)
    {
        var left = target.Hosts.ToList();
        for (var known = target.Host; ; known = null)
        {
            target.Host = known is null ? hosts.Next(left) : hosts.Try(known);
            left.Remove(target.Host);
            var socket = new Socket(target.Host.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            try
            {
                if (left.Count > 0)
                {
                    // Each gets its share of the time. The last one has what is left.
                    limit.CancelAfter(options.ConnectTimeout / target.Hosts.Count);
                }

                await socket.ConnectAsync(new IPEndPoint(target.Host, port), limit.Token).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception error)
                when (left.Count > 0 && !cancellationToken.IsCancellationRequested
                    && error is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>The node of the last attempt has answered.</summary>
    public void OnConnected()
    {
        addresses.Succeed();
        hosts.Succeed();
    }

    private async Task<IReadOnlyList<IPAddress>> ResolveAsync(Target target, CancellationToken stopping)
    {
        var host = new Uri(target.Address).IdnHost;
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            var all = await options.Resolve(host, stopping)
                .WaitAsync(options.ConnectTimeout, options.TimeProvider, stopping).ConfigureAwait(false);
            return all.Length > 0 ? all : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (Exception error) when (error is SocketException or TimeoutException)
        {
            throw new UnknownHostException(target, error);
        }
    }
}

/// <summary>The name of a host cannot be resolved.</summary>
internal sealed class UnknownHostException(Target target, Exception inner) : Exception(inner.Message, inner)
{
    public Target Target { get; } = target;
}
