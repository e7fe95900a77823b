namespace GrpcChat.Bench.Peers;

/// <summary>A running peer that speaks the chat's own protocol, and keeps a log.</summary>
internal interface IGrpcServer : IPeerServer
{
    /// <summary>Where the client with this number connects: for streams that the caller opens itself.</summary>
    Uri AddressOf(int client);

    /// <summary>Counts what is in the log when the service has stopped.</summary>
    StoredCounts CountStored();
}

/// <summary>The sum of the rooms' newest ids, and the rows of messages and of client offsets.</summary>
internal readonly record struct StoredCounts(long Heads, long Messages, long ClientOffsets);
