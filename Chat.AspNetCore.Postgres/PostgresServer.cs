using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>The database: how to connect to it, and what is checked before it is trusted.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The Application Name of commands that work on the whole log, so that they are not taken for nodes.</summary>
    public const string MaintenanceName = NodeName + " maintenance";

    /// <summary>The Application Name of nodes, unless the connection string has another.</summary>
    public const string NodeName = "grpcchat";

    private const int DefaultPoolSize = 20;
    private const int OldestVersion = 150_000;

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
    // what it acks. The name of a file of the write-ahead log begins with the timeline, which each promotion changes.
    private const string CheckConnection = $"""
        SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false),
               {Plans},
               pg_is_in_recovery(),
               (SELECT log_id FROM grpcchat.log_meta),
               CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
        """;

    // One of each for every host.
    private readonly NpgsqlDataSource[] appends, listening;
    private readonly int[] timelines;
    private readonly Action<Exception> onOtherLog;
    private volatile int primary;

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
        appends = [.. hosts.Select(Build)];
        listening = [.. hosts.Select((host, i) => Build(new(host.ConnectionString) { Pooling = false, KeepAlive = 5 }, i))];
    }

    public string Location { get; }

    /// <summary>The changes that run on the server.</summary>
    public RunningCommands Commands { get; }

    public string LogId { get; }

    /// <summary>The timeline of the primary that the node uses; 0 = it has not connected to one yet.</summary>
    public int Timeline => Volatile.Read(ref timelines[primary]);

    /// <summary>The most connections at once, without the one that listens.</summary>
    public int PoolSize { get; }

    /// <summary>Connects, checks the server, and creates or migrates the tables.</summary>
    /// <param name="connectionString">The connection string, as for Npgsql.</param>
    /// <param name="onOtherLog">Called when the database turns out to hold another log than it did.</param>
    /// <exception cref="LogOpenException">The log cannot be used. The message says why, and what to do.</exception>
    public static PostgresServer Open(string connectionString, Action<Exception> onOtherLog)
    {
        var settings = Parse(connectionString);
        var location = Locate(settings);
        var hosts = Split(settings);
        using var connection = Connect(hosts, location, out var primary);
        return new PostgresServer(hosts, primary, location, Prepare(connection, location, settings), onOtherLog);
    }

    /// <summary>The database, for people.</summary>
    /// <exception cref="LogOpenException">The connection string is not valid.</exception>
    public static string LocationOf(string connectionString) => Locate(Parse(connectionString));

    /// <summary>Opens a connection of its own, for work on the whole log. What holds for it is checked, as for a node.</summary>
    /// <param name="connectionString">The connection string, as for Npgsql.</param>
    /// <param name="createsTables">Whether to create the tables where there are none.</param>
    /// <exception cref="LogOpenException">The log cannot be used, or there is none.</exception>
    public static NpgsqlConnection Connect(string connectionString, bool createsTables)
    {
        var settings = Parse(connectionString);
        settings.ApplicationName = MaintenanceName;
        var location = Locate(settings);
        var connection = Connect(Split(settings), location, out _);
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

    public ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation) => ConnectAsync(appends, cancellation);

    public ValueTask<NpgsqlConnection> ConnectToListenAsync(CancellationToken cancellation) => ConnectAsync(listening, cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (var source in appends.Concat(listening))
        {
            await source.DisposeAsync();
        }
    }

    public static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new(connectionString);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new LogOpenException(
                $"the connection string is not valid: {error.Message}; write it like Host=db.example;Database=chat;Username=chat", error);
        }

        if (string.IsNullOrEmpty(settings.Host))
        {
            throw new LogOpenException("the connection string names no Host; write it like Host=db.example;Database=chat;Username=chat");
        }

        Default("Maximum Pool Size", () => settings.MaxPoolSize = DefaultPoolSize);

        // Where there are several hosts, one that does not answer must not hold up the next for long.
        Default("Timeout", () => settings.Timeout = settings.Host.Contains(',', StringComparison.Ordinal) ? 3 : 10);
        Default("Application Name", () => settings.ApplicationName = NodeName);

        // What is appended waits as long as the server needs: nobody could say what becomes of a command that was given up.
        settings.CommandTimeout = 0;
        settings.MaxAutoPrepare = 20;
        settings.AutoPrepareMinUsages = 2;
        settings.NoResetOnClose = true;
        settings.Enlist = false;
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = 5;
        settings.TcpKeepAliveInterval = 5;
        return settings;

        void Default(string key, Action set)
        {
            if (!settings.ShouldSerialize(key))
            {
                set();
            }
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

    public static string Locate(NpgsqlConnectionStringBuilder settings)
    {
        var host = settings.Host!.Contains(',', StringComparison.Ordinal) ? settings.Host : $"{settings.Host}:{settings.Port}";
        return $"PostgreSQL at {host}, database {settings.Database ?? settings.Username}";
    }

    // To the first host that takes writes.
    private static NpgsqlConnection Connect(NpgsqlConnectionStringBuilder[] hosts, string location, out int primary)
    {
        LogOpenException? failure = null;
        for (primary = 0; primary < hosts.Length; primary++)
        {
            // Without a pool, the source holds nothing when the connection is closed.
            var unpooled = new NpgsqlConnectionStringBuilder(hosts[primary].ConnectionString) { Pooling = false };
            var source = new NpgsqlDataSourceBuilder(unpooled.ConnectionString).Build();
            NpgsqlConnection? connection = null;
            try
            {
                connection = Open(source, hosts[primary].Timeout);
                CheckServer(connection, location);
                return connection;
            }
            catch (Exception error) when (error is LogOpenException or NpgsqlException or IOException or TimeoutException)
            {
                connection?.Dispose();
                failure = error as LogOpenException ?? PostgresErrors.CannotOpen(location, hosts[primary].Username, error);
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
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"it has not answered for {seconds} s", error);
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

    // A connection string with several hosts, as one for each of them.
    private static NpgsqlConnectionStringBuilder[] Split(NpgsqlConnectionStringBuilder settings) =>
        Array.ConvertAll(settings.Host!.Split(','), host =>
        {
            var one = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Host = host };
            one.Remove("Target Session Attributes");
            return one;
        });

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
        await using var command = new NpgsqlCommand($"SELECT {Plans}", connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task InitializeAsync(NpgsqlConnection connection, int host)
    {
        await using var command = new NpgsqlCommand(CheckConnection, connection) { CommandTimeout = 15 };
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (commit, isStandby, logId) = (reader.GetString(0), reader.GetBoolean(6), reader.IsDBNull(7) ? "none" : reader.GetString(7));
        if (logId != LogId)
        {
            var error = new LogDamagedException(
                $"{Location} has the log {logId}, but had {LogId} when the service started: the database was restored or replaced; "
                + "start the service again");
            onOtherLog(error);
            throw new StoreUnavailableException(error.Message);
        }

        if (isStandby)
        {
            throw new StoreUnavailableException($"{Location} is a read-only standby now; name all hosts, or the primary");
        }

        if (!IsDurable(commit))
        {
            throw new StoreUnavailableException($"{Location} has synchronous_commit={commit} now; set it to on");
        }

        Volatile.Write(
            ref timelines[host], int.Parse(reader.GetString(8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private static bool IsDurable(string synchronousCommit) => synchronousCommit is "on" or "remote_apply";

    private static void CheckServer(NpgsqlConnection connection, string location)
    {
        using var command = new NpgsqlCommand(
            """
            SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
                   current_setting('synchronous_commit'), current_setting('fsync'), pg_is_in_recovery(),
                   current_setting('default_transaction_read_only')
            """,
            connection);
        using var reader = command.ExecuteReader();
        reader.Read();
        var (version, encoding, commit, fsync) = (reader.GetInt32(0), reader.GetString(2), reader.GetString(3), reader.GetString(4));
        var problem =
            version < OldestVersion ? $"is version {reader.GetString(1)}; use PostgreSQL 15 or newer"
            : encoding != "UTF8" ? $"has the encoding {encoding}; create the database with ENCODING 'UTF8'"
            : reader.GetBoolean(5)
                ? "is a read-only standby; name the primary, or all hosts, separated by commas"
            : reader.GetString(6) == "on" ? "has default_transaction_read_only=on; set it to off for this user and database"
            : !IsDurable(commit)
                ? $"has synchronous_commit={commit}, so a message could be lost after its ack; set it to on for this user and database"
            : fsync != "on" ? $"has fsync={fsync}, so a power failure could lose messages; set fsync=on in postgresql.conf"
            : null;
        if (problem is not null)
        {
            throw new LogOpenException($"{location} {problem}");
        }
    }
}
