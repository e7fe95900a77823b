namespace Chat.Bench.Peers;

/// <summary>The chat of the socket.io tutorial, on Node: peer-programs/tutorial.</summary>
/// <param name="writeAheadLog">False = with a rollback journal, as its authors write it.</param>
internal sealed class TutorialPeer(bool writeAheadLog) : IPeer
{
    public string Name => writeAheadLog ? "tutorial-wal" : "tutorial";

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        var script = PeerPrograms.Node("tutorial", "chat.js");
        string[] arguments = writeAheadLog ? [script, "--wal"] : [script];
        return await SocketPeerServer.StartAsync(setup, "node", arguments, TutorialClient.ConnectAsync);
    }
}
