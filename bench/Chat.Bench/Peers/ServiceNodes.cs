using Npgsql;

namespace GrpcChat.Bench.Peers;

/// <summary>Running nodes of this project's service. Their database stays until its server is gone.</summary>
/// <param name="connectionString">Their database.</param>
/// <param name="placement">Where clients connect.</param>
internal sealed class ServiceNodes(string connectionString, Placement placement) : IGrpcServer
{
    private readonly List<(PeerProcess Process, DataDirectory Data)> nodes = [];
    private readonly List<Uri> addresses = [];
    private PlacedNodes<Uri>? placed;

    /// <summary>Of the nodes, without PostgreSQL.</summary>
    public ProcessUsage Usage => new(nodes.ConvertAll(node => node.Process.Id));

    public string? Database => null;

    public async Task AddAsync(PeerSetup setup)
    {
        var data = new DataDirectory();
        try
        {
            string[] arguments =
            [
                Path.Combine(AppContext.BaseDirectory, GrpcChatPeer.ServiceName),
                "--listen", "127.0.0.1:0", "--data", data.Path, "--log", connectionString,
            ];
            nodes.Add((await PeerProcess.StartAsync("dotnet", arguments, setup.Environment), data));
            addresses.Add(new Uri(nodes[^1].Process.Address));
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public Uri AddressOf(int client) => addresses[client % addresses.Count];

    public async Task<IPeerClient> ConnectAsync(ClientSetup setup)
    {
        placed ??= new PlacedNodes<Uri>(addresses, placement);
        return await GrpcClient.ConnectAsync(placed.For(setup), setup);
    }

    /// <summary>The number of messages of each batch: those of one transaction have the same room and the same time.</summary>
    public IReadOnlyList<int> BatchSizes() => Read(
        "SELECT count(*)::integer FROM grpcchat.message GROUP BY room_id, sent_at ORDER BY sent_at", row => row.GetInt32(0));

    public StoredCounts CountStored() => Read(
        """
        SELECT (SELECT sum(last_id)::bigint FROM grpcchat.room), (SELECT count(*) FROM grpcchat.message),
            (SELECT count(*) FROM grpcchat.sent_key)
        """,
        row => new StoredCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)))[0];

    public Task StopAsync() => Task.WhenAll(nodes.Select(node => node.Process.StopAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var (process, data) in nodes)
        {
            await process.DisposeAsync();
            data.Dispose();
        }
    }

    private List<T> Read<T>(string sql, Func<NpgsqlDataReader, T> convert)
    {
        using var source = NpgsqlDataSource.Create(connectionString);
        using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        using var rows = command.ExecuteReader();
        var list = new List<T>();
        while (rows.Read())
        {
            list.Add(convert(rows));
        }

        return list;
    }
}
