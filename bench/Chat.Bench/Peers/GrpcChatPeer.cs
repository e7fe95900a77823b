namespace Chat.Bench.Peers;

/// <summary>This project's own service, as it is: nothing is set but where it listens and where its log is.</summary>
internal sealed class GrpcChatPeer : IPeer
{
    public string Name => "grpcchat";

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        var directory = new DataDirectory();
        try
        {
            if (setup.Stored > 0)
            {
                GrpcChatFill.Run(directory.Path, setup.Stored, setup.Rooms);
            }

            var service = Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll");
            var process = await PeerProcess.StartAsync(
                "dotnet",
                [service, "--listen", "127.0.0.1:0", "--data", directory.Path],
                setup.Environment);
            return new GrpcChatServer(process, directory);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }
}
