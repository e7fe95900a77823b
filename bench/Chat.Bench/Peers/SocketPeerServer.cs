namespace Chat.Bench.Peers;

/// <summary>A peer that keeps its messages in one SQLite file and is spoken to over WebSockets.</summary>
internal sealed class SocketPeerServer : IPeerServer
{
    private readonly PeerProcess process;
    private readonly DataDirectory data;
    private readonly Func<Uri, ClientSetup, Task<IPeerClient>> connect;
    private readonly Uri address;

    private SocketPeerServer(
        PeerProcess process, DataDirectory data, string database, Func<Uri, ClientSetup, Task<IPeerClient>> connect)
    {
        this.process = process;
        this.data = data;
        this.connect = connect;
        address = new UriBuilder(process.Address) { Scheme = Uri.UriSchemeWs }.Uri;
        Database = database;
    }

    public ProcessUsage Usage => process.Usage;

    public string? Database { get; }

    /// <param name="setup">What is stored, and the environment.</param>
    /// <param name="program">What is started.</param>
    /// <param name="arguments">Its arguments; --database and the file follow.</param>
    /// <param name="connect">Opens a client at ws://HOST:PORT.</param>
    public static async Task<IPeerServer> StartAsync(
        PeerSetup setup,
        string program,
        IEnumerable<string> arguments,
        Func<Uri, ClientSetup, Task<IPeerClient>> connect)
    {
        var data = new DataDirectory();
        try
        {
            var database = Path.Combine(data.Path, "chat.db");
            if (setup.Stored > 0)
            {
                MessageRows.Fill(database, setup.Stored);
            }

            var process = await PeerProcess.StartAsync(program, [.. arguments, "--database", database], setup.Environment);
            return new SocketPeerServer(process, data, database, connect);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public Task<IPeerClient> ConnectAsync(ClientSetup setup) => connect(address, setup);

    public Task StopAsync() => process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        data.Dispose();
    }
}
