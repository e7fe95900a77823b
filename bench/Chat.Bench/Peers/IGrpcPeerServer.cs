namespace Chat.Bench.Peers;

/// <summary>A peer that runs, is a .NET process, and speaks the chat's own protocol.</summary>
internal interface IGrpcPeerServer : IPeerServer
{
    /// <summary>For streams that share a connection.</summary>
    Uri Address { get; }

    /// <summary>To ask its runtime.</summary>
    int ProcessId { get; }
}
