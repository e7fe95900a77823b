namespace GrpcChat.Bench.Peers;

/// <summary>
/// limit-grpc (bench/peers/limit-grpc): the gRPC server and the calls of our own service, with no log behind them. It
/// stores nothing, so a join has nothing to replay.
/// </summary>
internal sealed class LimitGrpcPeer : IPeer
{
    public string Name => "limit-grpc";

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        if (setup.Stored > 0)
        {
            throw new ArgumentException($"{Name} stores no messages.", nameof(setup));
        }

        var program = Path.Combine(AppContext.BaseDirectory, "LimitGrpcPeer.dll");
        return new GrpcPeerServer(await PeerProcess.StartAsync("dotnet", [program], setup.Environment));
    }
}
