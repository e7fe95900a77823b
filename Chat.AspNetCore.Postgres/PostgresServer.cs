using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>The database: how to connect to it, and what is checked before it is trusted.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    // A plan that was made while the tables were small must not read them completely later, and none is made anew for the values
    // of each call, which takes longer than an append.
    private const string Plans = """
        set_config('enable_seqscan', 'off', false),
               set_config('enable_hashjoin', 'off', false),
               set_config('enable_mergejoin', 'off', false),
               set_config('jit', 'off', false),
               set_config('plan_cache_mode', 'force_generic_plan', false)
        """;

    // Every connection, also one to a server that has been promoted or restored, must be to the same log on a server that keeps
    // what it acks. The name of a file of the write-ahead log begins with the timeline, which each promotion changes. A
    // pooler may hand on a connection with what its last user has prepared.
    private const string CheckConnection = $"""
        DEALLOCATE ALL;
        SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false),
               {Plans},
               pg_is_in_recovery(),
               (SELECT log_id FROM grpcchat.log_meta),
               CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
        """;

    // One of each for every host.
    private readonly NpgsqlDataSource[] listening;
    private readonly NpgsqlConnectionStringBuilder[] hosts;
    private readonly int[] timelines;
    private readonly Action<Exception> onOtherLog;
    private volatile int primary;
    private volatile NpgsqlDataSource[] pools;

    private PostgresServer(
        NpgsqlConnectionStringBuilder[] hosts, int primary, string location, string logId, Action<Exception> onOtherLog)
    {
        Location = location;
        LogId = logId;
        PoolSize = hosts[0].MaxPoolSize;
        this.primary = primary;
        this.onOtherLog = onOtherLog;
        Commands = new RunningCommands(this);
        timelines = new int[hosts.Length];
        this.hosts = hosts;
        pools = [.. hosts.Select(Build)];
        listening = [.. hosts.Select((host, i) => Build(new(host.ConnectionString) { Pooling = false, KeepAlive = 5 }, i))];
    }

    public string Location { get; }

    /// <summary>The reads and changes that run on the server now.</summary>
    public RunningCommands Commands { get; }

    public string LogId { get; }

    /// <summary>The timeline of the primary that the node uses; 0 = it has not connected to one yet.</summary>
    public int Timeline => Volatile.Read(ref timelines[primary]);

    /// <summary>The most connections at once, without the one that listens.</summary>
    public int PoolSize { get; }

    /// <summary>Whether a pooler was between this node and the server when it connected first.</summary>
    public bool IsPooled { get; private init; }

    /// <summary>Connects, checks the server, and creates or migrates the tables.</summary>
    /// <param name="connectionString">The connection string, as for Npgsql.</param>
    /// <param name="onOtherLog">Called when the database turns out to hold another log than it did.</param>
    /// <exception cref="LogOpenException">The log cannot be used. The message says why, and what to do.</exception>
    public static PostgresServer Open(string connectionString, Action<Exception> onOtherLog)
    {
        var settings = PostgresSettings.Parse(connectionString);
        var location = PostgresSettings.Locate(settings);
        var hosts = PostgresSettings.Split(settings);
        using var connection = Connect(hosts, location, out var primary, out var isPooled);
        var logId = Prepare(connection, location, settings);
        return new PostgresServer(hosts, primary, location, logId, onOtherLog) { IsPooled = isPooled };
    }

    /// <summary>The database, for people.</summary>
    /// <exception cref="LogOpenException">The connection string is not valid.</exception>
    public static string LocationOf(string connectionString) => PostgresSettings.Locate(PostgresSettings.Parse(connectionString));

    /// <summary>Opens a connection of its own, for work on the whole log. What holds for it is checked, as for a node.</summary>
    /// <param name="connectionString">The connection string, as for Npgsql.</param>
    /// <param name="createsTables">Whether to create the tables where there are none.</param>
    /// <exception cref="LogOpenException">The log cannot be used, or there is none.</exception>
    public static NpgsqlConnection Connect(string connectionString, bool createsTables)
    {
        var settings = PostgresSettings.Parse(connectionString);
        settings.ApplicationName = PostgresSettings.MaintenanceName;
        var location = PostgresSettings.Locate(settings);
        var connection = Connect(PostgresSettings.Split(settings), location, out _, out _);
        try
        {
            if (!createsTables && !PostgresSchema.Exists(connection))
            {
                throw new LogOpenException($"{location} has no log; name the database of the service");
            }

            Prepare(connection, location, settings);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation) => ConnectAsync(pools, cancellation);

    /// <summary>
    /// Begins with empty pools. In the old ones, connections to a server that is gone count until the system gives them up.
    /// </summary>
    public async Task RenewPoolsAsync()
    {
        var old = pools;
        pools = [.. hosts.Select(Build)];
        foreach (var pool in old)
        {
            await pool.DisposeAsync();
        }
    }

    public ValueTask<NpgsqlConnection> ConnectToListenAsync(CancellationToken cancellation) => ConnectAsync(listening, cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (var source in pools.Concat(listening))
        {
            await source.DisposeAsync();
        }
    }

    private NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings, int host)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection => throw new NotSupportedException("connections are opened asynchronously"),
            connection => InitializeAsync(connection, host));
        return builder.Build();
    }

    // To the first host that takes writes.
    private static NpgsqlConnection Connect(
        NpgsqlConnectionStringBuilder[] hosts, string location, out int primary, out bool isPooled)
    {
        LogOpenException? failure = null;
        isPooled = false;
        for (primary = 0; primary < hosts.Length; primary++)
        {
            // Without a pool, the source holds nothing when the connection is closed. Nothing is prepared before it is known
            // whether a pooler would lend the prepared statement to somebody else.
            var unpooled = new NpgsqlConnectionStringBuilder(hosts[primary].ConnectionString) { Pooling = false, MaxAutoPrepare = 0 };
            var source = new NpgsqlDataSourceBuilder(unpooled.ConnectionString).Build();
            NpgsqlConnection? connection = null;
            try
            {
                connection = Open(source, hosts[primary].Timeout);
                isPooled = ServerCheck.EnsureUsable(connection, location);
                if (isPooled)
                {
                    using var second = Open(source, hosts[primary].Timeout);
                    ServerCheck.EnsureSessions(connection, second, location);
                }

                return connection;
            }
            catch (Exception error) when (error is LogOpenException || PostgresErrors.IsUnavailable(error))
            {
                connection?.Dispose();

                // What only a person can cure is said before what time may cure.
                failure = failure is { IsRetryable: false } ? failure
                    : error as LogOpenException ?? PostgresErrors.CannotOpen(location, hosts[primary].Username, error);
            }
        }

        throw failure!;
    }

    // Not by Npgsql's synchronous way: that may wait for ever for a host that takes the connection and says nothing.
    private static NpgsqlConnection Open(NpgsqlDataSource source, int seconds)
    {
        using var limit = new CancellationTokenSource();
        if (seconds > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        }

        try
        {
            return source.OpenConnectionAsync(limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"it has not answered for {seconds} s");
        }
    }

    private static string Prepare(NpgsqlConnection connection, string location, NpgsqlConnectionStringBuilder settings)
    {
        try
        {
            return PostgresSchema.Prepare(connection, location);
        }
        catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException)
        {
            throw PostgresErrors.CannotOpen(location, settings.Username, error);
        }
    }

    // First to the host that was the primary last.
    private async ValueTask<NpgsqlConnection> ConnectAsync(NpgsqlDataSource[] hosts, CancellationToken cancellation)
    {
        var (connection, host) = await HostRace.ConnectAsync(hosts, primary, cancellation);
        primary = host;
        return connection;
    }

    /// <summary>Sets what every connection needs that reads, whatever server it is to.</summary>
    public static async Task SetPlansAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand($"DEALLOCATE ALL; SELECT {Plans}", connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task InitializeAsync(NpgsqlConnection connection, int host)
    {
        await using var command = new NpgsqlCommand(CheckConnection, connection);
        await using var reader = await ServerCheck.FirstAnswerAsync(command, Location);
        await reader.ReadAsync();
        var (commit, isStandby, logId) = (reader.GetString(0), reader.GetBoolean(6), reader.IsDBNull(7) ? "none" : reader.GetString(7));
        if (isStandby)
        {
            throw new StoreUnavailableException($"{Location} is a read-only standby now; name all hosts, or the primary");
        }

        if (logId != LogId)
        {
            var error = new LogDamagedException(
                $"{Location} has the log {logId}, but had {LogId} when the service started: the database was restored or replaced; "
                + "start the service again");

            // Another host may only have been restored to look into it.
            if (host == primary)
            {
                onOtherLog(error);
            }

            throw new StoreUnavailableException(error.Message);
        }

        if (!ServerCheck.IsDurable(commit))
        {
            throw new StoreUnavailableException($"{Location} has synchronous_commit={commit} now; set it to on");
        }

        // Each promotion begins a timeline. A server with an older one was the primary before, and was started again by mistake.
        var timeline = int.Parse(reader.GetString(8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (hosts.Length > 1 && timeline < timelines.Max())
        {
            throw new StoreUnavailableException(
                $"{Location}: {hosts[host].Host} was the primary before, on timeline {timeline}, and another server has taken its place "
                + $"on timeline {timelines.Max()}; make it a standby of that one, or start the service again if it is meant to be the primary");
        }

        Volatile.Write(ref timelines[host], timeline);
    }
}
