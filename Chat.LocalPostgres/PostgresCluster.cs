using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace GrpcChat.LocalPostgres;

/// <summary>
/// A real PostgreSQL server of this machine, with a cluster of its own in a temporary directory, on a free port of the loopback
/// interface. It runs as an unprivileged user, since PostgreSQL refuses root.
/// </summary>
internal sealed class PostgresCluster : IDisposable
{
    /// <summary>The name of a database that asks for a password, once it has been created.</summary>
    public const string Guarded = "guarded";

    private const string User = "postgres";

    private static readonly Lazy<PostgresCluster> SharedCluster = new(() => Create());

    private readonly string directory;
    private readonly bool isOnDisk;

    private int databases;

    // In memory where that is possible: the server still fsyncs, and every test waits for that.
    private PostgresCluster(bool isOnDisk)
    {
        this.isOnDisk = isOnDisk;
        directory = Path.Combine(
            !isOnDisk && Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(),
            "grpcchat-pg-" + Guid.NewGuid().ToString("N"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        Directory.CreateDirectory(directory);
        GiveToUser(directory);
    }

    /// <summary>The cluster of all tests that neither stop it nor change its settings. It goes with the process.</summary>
    public static PostgresCluster Shared => SharedCluster.Value;

    public int Port { get; } = FreePort();

    /// <summary>How to connect to the server as its superuser.</summary>
    public string Admin => ConnectionString(User);

    private string Data => Path.Combine(directory, "data");

    /// <summary>Creates a cluster and starts its server.</summary>
    /// <param name="isOnDisk">
    /// In the directory for temporary files, with the server's own defaults; otherwise small and, where possible, in memory.
    /// </param>
    public static PostgresCluster Create(bool isOnDisk = false)
    {
        var cluster = new PostgresCluster(isOnDisk);
        string[] size = isOnDisk ? [] : ["--wal-segsize=1"];
        cluster.RunAsUser("initdb", ["-D", cluster.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", .. size]);

        // The database of this name asks for a password, and the others trust everybody on this machine.
        var access = Path.Combine(cluster.Data, "pg_hba.conf");
        File.WriteAllText(access, $"host {Guarded} all 127.0.0.1/32 scram-sha-256\n{File.ReadAllText(access)}");
        cluster.Start();
        return cluster;
    }

    /// <summary>Starts the server and waits until it takes connections.</summary>
    /// <param name="settings">Settings as <c>name=value</c>.</param>
    public void Start(params string[] settings)
    {
        string[] size = isOnDisk ? [] : ["min_wal_size=4MB", "max_wal_size=64MB"];
        string[] all =
        [
            "listen_addresses=127.0.0.1", $"port={Port}", $"unix_socket_directories={directory}", "max_connections=200", .. size,
            .. settings,
        ];
        RunAsUser(
            "pg_ctl", "start", "-w", "-D", Data, "-l", Path.Combine(directory, "server.log"), "-o", string.Join(' ', all.Select(one => $"-c {one}")));
    }

    /// <summary>Stops the server.</summary>
    /// <param name="mode"><c>fast</c> ends connections; <c>immediate</c> is like a crash.</param>
    public void Stop(string mode = "fast") => RunAsUser("pg_ctl", "stop", "-w", "-m", mode, "-D", Data);

    /// <summary>Starts a standby of this server. From then on, a commit waits until it has it.</summary>
    public PostgresCluster StartStandby()
    {
        const string Name = "standby";
        var standby = new PostgresCluster(isOnDisk);
        standby.RunAsUser(
            "pg_basebackup", "-D", standby.Data, "--checkpoint=fast", "--write-recovery-conf",
            "-d", $"host=127.0.0.1 port={Port} user={User} application_name={Name}");
        standby.Start();
        Execute(Admin, $"ALTER SYSTEM SET synchronous_standby_names = '{Name}'");
        Execute(Admin, "SELECT pg_reload_conf()");
        while (Execute(Admin, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'") is null)
        {
            Thread.Sleep(20);
        }

        return standby;
    }

    /// <summary>Makes a standby a server of its own, whatever has become of its primary.</summary>
    public void Promote() => RunAsUser("pg_ctl", "promote", "-w", "-D", Data);

    /// <summary>From the next start on, the server is a standby of a primary that is not there.</summary>
    public void MakeStandby() => File.WriteAllText(Path.Combine(Data, "standby.signal"), "");

    /// <summary>Creates an empty database, and returns how to connect to it.</summary>
    public string CreateDatabase(string options = "", string? name = null)
    {
        name ??= string.Create(CultureInfo.InvariantCulture, $"chat{Interlocked.Increment(ref databases)}");
        Execute(Admin, $"CREATE DATABASE {name} {options}");
        return ConnectionString(name);
    }

    /// <summary>Drops a database, also while it is used.</summary>
    public void DropDatabase(string connectionString) =>
        Execute(Admin, $"DROP DATABASE {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)");

    /// <summary>Runs SQL in a database, and returns the first value.</summary>
    public static object? Execute(string connectionString, string sql)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        connection.Open();
#pragma warning disable CA2100 // The SQL is a test's.
        using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    public void Dispose()
    {
        if (Directory.Exists(directory))
        {
            if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            {
                Stop("immediate");
            }

            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The server may write there.</summary>
    public static void GiveToUser(string directory)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", [User, directory], directory);
        }
    }

    /// <summary>How to start a program that refuses to be root.</summary>
    public static ProcessStartInfo AsUser(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? new("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", program, .. arguments])
        : new(program, arguments);

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string ConnectionString(string database) => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username={User};Database={database}");

    private void RunAsUser(string program, params string[] arguments)
    {
        var found = Directory.GetDirectories("/usr/lib/postgresql").OrderBy(path => path.Length).ThenBy(path => path, StringComparer.Ordinal)
            .LastOrDefault() ?? throw new InvalidOperationException("PostgreSQL is not installed; run .ci/install-tools.");
        var start = AsUser(Path.Combine(found, "bin", program), arguments);
        Run(start.FileName, [.. start.ArgumentList], directory);
    }

    // Into a file: the server inherits the output, and keeps it open.
    private static void Run(string program, string[] arguments, string workingDirectory)
    {
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >output 2>&1 </dev/null", "sh", program, .. arguments])
        {
            WorkingDirectory = workingDirectory,
        };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: "
                + File.ReadAllText(Path.Combine(workingDirectory, "output")));
        }
    }
}
