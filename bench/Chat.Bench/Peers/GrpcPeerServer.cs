using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Peers;

/// <summary>A running peer that is a .NET process and speaks the chat's own protocol.</summary>
/// <param name="process">The server.</param>
/// <param name="directory">Where its database is; null = it has none.</param>
/// <param name="token">For its clients; null = they need none.</param>
/// <param name="sink">Takes its telemetry; null = it exports none.</param>
internal sealed class GrpcPeerServer(
    PeerProcess process, DataDirectory? directory = null, string? token = null, TelemetrySink? sink = null) : IGrpcServer
{
    /// <summary>The service's database in its directory.</summary>
    public const string DatabaseName = "chat.db";

    /// <summary>For streams that share a connection.</summary>
    public Uri Address { get; } = new(process.Address);

    /// <summary>For questions to its runtime.</summary>
    public int ProcessId => process.Id;

    public ProcessUsage Usage => process.Usage;

    public string? Database => directory is null ? null : Path.Combine(directory.Path, DatabaseName);

    public async Task<IPeerClient> ConnectAsync(ClientSetup setup) => await GrpcClient.ConnectAsync(Address, setup, token);

    public Uri AddressOf(int client) => Address;

    public StoredCounts CountStored()
    {
        using var connection = new SqliteConnection($"Data Source={Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT (SELECT sum(head) FROM room), (SELECT count(*) FROM message), (SELECT count(*) FROM sent_key)
            """;
        using var row = command.ExecuteReader();
        row.Read();
        return new StoredCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }

    public Task StopAsync() => process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (sink is not null)
        {
            await sink.DisposeAsync();
        }

        await process.DisposeAsync();
        directory?.Dispose();
    }
}
