using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Peers;

/// <summary>A running peer that keeps its messages in one SQLite file and speaks over WebSockets.</summary>
internal sealed class WebSocketPeerServer : IPeerServer
{
    private readonly PeerProcess process;
    private readonly DataDirectory data;
    private readonly Func<Uri, ClientSetup, Task<IPeerClient>> connect;
    private readonly PlacedNodes<Uri> addresses;

    private WebSocketPeerServer(
        PeerProcess process,
        DataDirectory data,
        string database,
        Func<Uri, ClientSetup, Task<IPeerClient>> connect,
        Placement placement)
    {
        this.process = process;
        this.data = data;
        this.connect = connect;
        addresses = new PlacedNodes<Uri>(
            [.. process.Address.Split(' ').Select(address => new UriBuilder(address) { Scheme = Uri.UriSchemeWs }.Uri)],
            placement);
        Database = database;
    }

    public ProcessUsage Usage => process.Usage;

    public string? Database { get; }

    /// <param name="setup">What is stored before, and the environment.</param>
    /// <param name="program">The program to start.</param>
    /// <param name="arguments">Its arguments; --database and the file are added.</param>
    /// <param name="connect">Connects a client to ws://HOST:PORT.</param>
    /// <param name="placement">Where clients connect, if it listens on several addresses.</param>
    public static async Task<IPeerServer> StartAsync(
        PeerSetup setup,
        string program,
        IEnumerable<string> arguments,
        Func<Uri, ClientSetup, Task<IPeerClient>> connect,
        Placement placement = Placement.InTurn)
    {
        var data = new DataDirectory();
        try
        {
            var database = Path.Combine(data.Path, "chat.db");
            if (setup.Stored > 0)
            {
                Fill(database, setup.Stored);
            }

            var process = await PeerProcess.StartAsync(program, [.. arguments, "--database", database], setup.Environment);
            return new WebSocketPeerServer(process, data, database, connect, placement);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public Task<IPeerClient> ConnectAsync(ClientSetup setup) => connect(addresses.For(setup), setup);

    public Task StopAsync() => process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        data.Dispose();
    }

    // The table that the tutorial and the SignalR peer share, filled in one transaction.
    private static void Fill(string database, int count)
    {
        // Not pooled: from here on the file belongs to the peer.
        var file = new SqliteConnectionStringBuilder { DataSource = database, Pooling = false };
        using var connection = new SqliteConnection(file.ToString());
        connection.Open();
        using var fill = connection.CreateCommand();
        fill.CommandText = """
            CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, content TEXT);
            WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < $count)
            INSERT INTO messages (client_offset, content) SELECT printf('stored-%09d', n), $text FROM numbers;
            """;
        fill.Parameters.AddWithValue("$count", count);
        fill.Parameters.AddWithValue("$text", BenchText.Of(0));
        fill.ExecuteNonQuery();
    }
}
