using GrpcChat.LocalPostgres;
using Npgsql;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// This project's own service as several nodes that share one PostgreSQL server. Each round has new nodes and a new database.
/// </summary>
/// <param name="cluster">The server, which goes on running.</param>
/// <param name="nodes">How many.</param>
/// <param name="placement">Where clients connect.</param>
internal sealed class ServiceNodesPeer(PostgresCluster cluster, int nodes, Placement placement) : IPeer
{
    public string Name => GrpcChatPeer.OurName;

    public bool PromisesOrder => true;

    /// <summary>The rooms of the setup exist at the start. No message is stored before.</summary>
    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        var database = cluster.CreateDatabase();
        var server = new ServiceNodes(database, placement);
        try
        {
            for (var node = 0; node < nodes; node++)
            {
                await server.AddAsync(setup);
            }

            await CreateRoomsAsync(database, setup.Rooms);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    // Directly: the service limits how many a sender creates in a minute.
    private static async Task CreateRoomsAsync(string database, IReadOnlyList<string> rooms)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var create = source.CreateCommand("""
            WITH added AS (INSERT INTO grpcchat.room (name) SELECT unnest($1) RETURNING 1)
            UPDATE grpcchat.log_meta SET rooms = rooms + (SELECT count(*) FROM added)
            """);
        create.Parameters.Add(new NpgsqlParameter { Value = rooms.ToArray() });
        await create.ExecuteNonQueryAsync();
    }
}
