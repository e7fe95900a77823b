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
/// <param name="name">As it stands in tables.</param>
/// <param name="arguments">The script, and what it is told.</param>
internal sealed class TutorialPeer(string name, params string[] arguments) : IPeer
{
    private const string Script = "chat.js";
    private const string ClusterScript = "cluster.js";

    // It runs beside its source, where bench/peers/install puts its packages.
    private static readonly string Folder = Path.GetFullPath("../../peers/tutorial", Path.GetDirectoryName(ThisFile())!);

    public string Name => name;

    /// <summary>Where clients connect, if it has several workers.</summary>
    public Placement Placement { get; init; }

    /// <summary>As its authors write it, or with a write-ahead log.</summary>
    public static TutorialPeer Of(bool writeAheadLog) =>
        writeAheadLog ? new("tutorial-wal", Script, "--wal") : new("tutorial", Script);

    /// <summary>Its last step: several workers that share the database.</summary>
    public static TutorialPeer Cluster(Placement placement) =>
        new("tutorial-cluster", ClusterScript, "--workers", "2", "--wal") { Placement = placement };

    /// <exception cref="InvalidOperationException">Its packages are not installed.</exception>
    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        // npm writes this file last.
        if (!File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json")))
        {
            throw new InvalidOperationException("The npm packages of the tutorial are not installed: run bench/peers/install.");
        }

        return await WebSocketPeerServer.StartAsync(
            setup, "node", [Path.Combine(Folder, arguments[0]), .. arguments[1..]], TutorialClient.ConnectAsync, Placement);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
