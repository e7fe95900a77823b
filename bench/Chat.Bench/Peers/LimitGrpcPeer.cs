namespace Chat.Bench.Peers;

/// <summary>
/// limit-grpc: the same gRPC server and the same calls as our own service, with no log behind them. It keeps nothing, so
/// a room that is joined has nothing to replay.
/// </summary>
internal sealed class LimitGrpcPeer : IPeer
{
    public string Name => "limit-grpc";

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        if (setup.Stored > 0)
        {
            throw new ArgumentException($"{Name} keeps no messages.", nameof(setup));
        }

        var program = Path.Combine(AppContext.BaseDirectory, "LimitGrpcPeer.dll");
        return new LimitGrpcServer(await PeerProcess.StartAsync("dotnet", [program], setup.Environment));
    }
}

/// <summary>The peer that runs.</summary>
internal sealed class LimitGrpcServer(PeerProcess process) : IGrpcPeerServer
{
    public Uri Address { get; } = new(process.Address);

    public int ProcessId => process.Id;

    public ProcessUsage Usage => process.Usage;

    public string? Database => null;

    public async Task<IPeerClient> ConnectAsync(ClientSetup setup) => await GrpcClient.ConnectAsync(Address, setup);

    public Task StopAsync() => process.StopAsync();

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
