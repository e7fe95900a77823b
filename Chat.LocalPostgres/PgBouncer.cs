using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace GrpcChat.LocalPostgres;

/// <summary>The PgBouncer of this machine's own installation, in front of a cluster, on a free port of the loopback interface.</summary>
internal sealed class PgBouncer : IDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly PostgresCluster cluster;
    private readonly string configuration;
    private readonly string directory = Path.Combine(Path.GetTempPath(), "grpcchat-pgbouncer-" + Guid.NewGuid().ToString("N"));
    private readonly int port = PostgresCluster.FreePort();
    private Process? process;

    /// <summary>Starts it.</summary>
    /// <param name="cluster">Where it connects to.</param>
    /// <param name="configuration">The content of a <c>pgbouncer.ini</c> whose last section is <c>[pgbouncer]</c>.</param>
    /// <param name="users">The content of its <c>auth_file</c>.</param>
    /// <param name="settings">Settings that differ from those of the file, as <c>name=value</c>.</param>
    public PgBouncer(PostgresCluster cluster, string configuration, string users, params string[] settings)
    {
        (this.cluster, this.configuration) = (cluster, configuration);
        Directory.CreateDirectory(directory);
        File.WriteAllText(PathOf("userlist.txt"), users);
        PostgresCluster.GiveToUser(directory);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        Start(settings);
    }

    /// <summary>The same database, through PgBouncer.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Port = port }.ConnectionString;

    /// <summary>Starts it again, with other settings.</summary>
    public void Start(params string[] settings)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException("PgBouncer is not installed; run .ci/install-tools.");
        }

        // Each heading [pgbouncer] sets everything back to its default, so it is the file itself that is continued.
        var database = string.Create(CultureInfo.InvariantCulture, $"* = host=127.0.0.1 port={cluster.Port}");
        File.WriteAllText(PathOf("pgbouncer.ini"), string.Create(CultureInfo.InvariantCulture, $"""
            {configuration.Replace("[databases]\n", $"[databases]\n{database}\n", StringComparison.Ordinal)}
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_file = {PathOf("userlist.txt")}
            logfile = {PathOf("log")}
            {string.Join('\n', settings)}
            """));
        process = Process.Start(PostgresCluster.AsUser(Program, "-q", PathOf("pgbouncer.ini")))!;
        for (var waited = Stopwatch.StartNew(); !IsListening(); Thread.Sleep(20))
        {
            if (process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidOperationException("PgBouncer does not start: " + File.ReadAllText(PathOf("log")));
            }
        }
    }

    /// <summary>Ends it, and every connection through it.</summary>
    public void Stop()
    {
        if (process is not null)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            process = null;
        }
    }

    public void Dispose()
    {
        Stop();
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private string PathOf(string file) => Path.Combine(directory, file);

    private bool IsListening()
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
