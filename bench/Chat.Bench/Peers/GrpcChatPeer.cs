namespace GrpcChat.Bench.Peers;

/// <summary>This project's own service with its defaults: only the address and the data directory are set.</summary>
/// <param name="name">As it stands in tables.</param>
/// <param name="directory">
/// Holds the build of the service, Chat.Service.dll; null = the one built with the bench.
/// </param>
internal sealed class GrpcChatPeer(string name = GrpcChatPeer.OurName, string? directory = null) : IPeer
{
    /// <summary>The build under test, as it stands in tables and records.</summary>
    public const string OurName = "grpcchat";

    public const string ServiceName = "Chat.Service.dll";

    private readonly string service = Path.Combine(directory ?? AppContext.BaseDirectory, ServiceName);

    public string Name => name;

    public bool PromisesOrder => true;

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        var data = new DataDirectory();
        try
        {
            if (setup.Stored > 0)
            {
                GrpcChatFill.Run(data.Path, setup.Stored, setup.Rooms);
            }

            var process = await PeerProcess.StartAsync(
                "dotnet",
                [service, "--listen", "127.0.0.1:0", "--data", data.Path],
                setup.Environment);
            return new GrpcPeerServer(process, data);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }
}
