namespace Chat.Bench.Peers;

/// <summary>The service that runs, with its log.</summary>
internal sealed class GrpcChatServer(PeerProcess process, DataDirectory directory) : IGrpcPeerServer
{
    public const string DatabaseName = "chat.db";

    public Uri Address { get; } = new(process.Address);

    public int ProcessId => process.Id;

    public ProcessUsage Usage => process.Usage;

    public string? Database => Path.Combine(directory.Path, DatabaseName);

    public async Task<IPeerClient> ConnectAsync(ClientSetup setup) => await GrpcClient.ConnectAsync(Address, setup);

    public Task StopAsync() => process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        directory.Dispose();
    }
}
