using System.Runtime.CompilerServices;

namespace GrpcChat.Bench.Peers;

/// <summary>A chat on an ASP.NET Core SignalR hub: bench/peers/signalr.</summary>
internal sealed class SignalRPeer : IPeer
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "SignalRPeer.dll");

    public string Name => "signalr";

    public Task<IPeerServer> StartAsync(PeerSetup setup) =>
        WebSocketPeerServer.StartAsync(setup, "dotnet", [Program], SignalRClient.ConnectAsync);
}

/// <summary>The chat of the socket.io tutorial, on Node: bench/peers/tutorial.</summary>
/// <param name="writeAheadLog">False = with a rollback journal, as in the tutorial.</param>
internal sealed class TutorialPeer(bool writeAheadLog) : IPeer
{
    // It runs beside its source, where bench/peers/install puts its packages.
    private static readonly string Folder = Path.GetFullPath("../../peers/tutorial", Path.GetDirectoryName(ThisFile())!);

    public string Name => writeAheadLog ? "tutorial-wal" : "tutorial";

    /// <exception cref="InvalidOperationException">Its packages are not installed.</exception>
    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        // npm writes this file last.
        if (!File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json")))
        {
            throw new InvalidOperationException("The npm packages of the tutorial are not installed: run bench/peers/install.");
        }

        var script = Path.Combine(Folder, "chat.js");
        string[] arguments = writeAheadLog ? [script, "--wal"] : [script];
        return await WebSocketPeerServer.StartAsync(setup, "node", arguments, TutorialClient.ConnectAsync);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
