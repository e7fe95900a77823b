using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Connections that many streams share.</summary>
internal sealed class SharedConnections(Uri address, int streamsPerConnection) : IAsyncDisposable
{
    private readonly List<GrpcConnection> connections = [];

    /// <summary>Opens streams; returns when all of them have joined their rooms.</summary>
    /// <param name="streams">How many.</param>
    /// <param name="atOnce">The number of connections that are filled at the same time.</param>
    /// <param name="setup">The setup of stream 0, 1, 2, …</param>
    /// <param name="opened">Takes ownership of each stream, with its number; called by one thread at a time.</param>
    /// <param name="stop">Gives up.</param>
    public async Task OpenAsync(
        int streams, int atOnce, Func<int, ClientSetup> setup, Action<GrpcClient, int> opened, CancellationToken stop)
    {
        var gate = new Lock();
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(Enumerable.Range(0, streams).Chunk(streamsPerConnection), options, async (numbers, _) =>
        {
            var connection = new GrpcConnection(address);
            lock (gate)
            {
                connections.Add(connection);
            }

            await Task.WhenAll(numbers.Select(async number =>
            {
                var client = await GrpcClient.ConnectAsync(connection, setup(number));
                lock (gate)
                {
                    opened(client, number);
                }
            }));
        });
    }

    public ValueTask DisposeAsync()
    {
        connections.ForEach(connection => connection.Dispose());
        return ValueTask.CompletedTask;
    }
}
