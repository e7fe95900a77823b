namespace Chat.Bench.Peers;

/// <summary>A chat on an ASP.NET Core SignalR hub: peer-programs/signalr.</summary>
internal sealed class SignalRPeer : IPeer
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "SignalRPeer.dll");

    public string Name => "signalr";

    public Task<IPeerServer> StartAsync(PeerSetup setup) =>
        SocketPeerServer.StartAsync(setup, "dotnet", [Program], SignalRClient.ConnectAsync);
}
