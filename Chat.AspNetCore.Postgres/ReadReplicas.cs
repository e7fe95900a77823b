using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Standbys of the database. They take from the primary the reading of messages that are no longer in a node's memory; everything
/// else stays with the primary, and so does each page that a standby does not have, or has no longer as it was.
/// </summary>
internal sealed class ReadReplicas(
    NpgsqlConnectionStringBuilder[] standbys, PostgresServer primary, int maxAtOnce, LogMetrics metrics, ILogger logger)
    : IAsyncDisposable
{
    private readonly ReadReplica[] replicas =
        Array.ConvertAll(standbys, settings => new ReadReplica(settings, primary, maxAtOnce, metrics, logger));

    private uint turn;

    /// <summary>How to connect to each standby.</summary>
    /// <param name="hosts">As <c>host</c> or <c>host:port</c>, separated by commas; null = there are none.</param>
    /// <param name="connectionString">How to connect to the primary: all but the host holds for the standbys, too.</param>
    /// <exception cref="LogOpenException">One of them is not valid.</exception>
    public static NpgsqlConnectionStringBuilder[] Parse(string? hosts, string connectionString) =>
        hosts is null ? [] : Array.ConvertAll(hosts.Split(',', StringSplitOptions.TrimEntries), host =>
        {
            var settings = PostgresSettings.Parse(connectionString);
            if (!Uri.TryCreate($"tcp://{host}", UriKind.Absolute, out var uri) || uri.HostNameType == UriHostNameType.Basic
                || !uri.Authority.Equals(host, StringComparison.OrdinalIgnoreCase) || uri.UserInfo.Length > 0 || uri.Port == 0)
            {
                throw new LogOpenException(
                    $"the read replica '{host}' is not valid; write each as host or host:port, separated by commas, and nothing "
                    + "else: the rest is that of the log's connection string");
            }

            settings.Host = uri.DnsSafeHost;
            settings.Port = uri.IsDefaultPort ? settings.Port : uri.Port;
            settings.Remove("Target Session Attributes"); // Npgsql refuses it for one host.
            return settings;
        });

    /// <summary>Looks after the standbys until the end is asked for.</summary>
    public Task RunAsync(CancellationToken stopping) =>
        Task.WhenAll(replicas.Select(replica => replica.RunAsync(stopping)));

    /// <summary>
    /// Offers the sink a page, as <see cref="IMessageLog.ReadAsync"/> does, where a standby has it. It may be shorter, but not
    /// empty.
    /// </summary>
    /// <param name="room">What the node knows of the room; null = nothing.</param>
    /// <param name="after">The id before the first.</param>
    /// <param name="through">The last id that is wanted.</param>
    /// <param name="sink">Gets the messages.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether the sink was offered something. If not, the primary has to be asked.</returns>
    public async Task<bool> TryReadAsync(
        SharedRoom? room, long after, long through, IMessageSink sink, CancellationToken cancellation)
    {
        if (room is null || replicas.Length == 0)
        {
            return false;
        }

        var offered = new Offered(sink);
        while (!offered.IsDeclined && offered.Count < PostgresReader.PageRows
            && Array.Find(InTurn(), replica => replica.IsUsable) is { } replica
            && await replica.ReadAsync(
                room, after + offered.Count, through, PostgresReader.PageRows - offered.Count, cancellation) is { } page)
        {
            page.Show(offered);
        }

        return offered.IsDeclined || offered.Count > 0;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }
    }

    private ReadReplica[] InTurn()
    {
        var first = (int)(Interlocked.Increment(ref turn) % replicas.Length);
        return [.. replicas[first..], .. replicas[..first]];
    }

    private sealed class Offered(IMessageSink sink) : IMessageSink
    {
        public int Count { get; private set; }

        public bool IsDeclined { get; private set; }

        public bool TryAdd(scoped in MessageRow row)
        {
            IsDeclined = !sink.TryAdd(row);
            Count += IsDeclined ? 0 : 1;
            return !IsDeclined;
        }
    }
}
