namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// All that a session knows of its client: where requests come from and where encoded responses go. So one session serves
/// every door of the service.
/// </summary>
internal interface IChatTransport
{
    /// <summary>The client's address, for log messages.</summary>
    string Peer { get; }

    /// <summary>The request that the last read has returned.</summary>
    EncodedRequest Request { get; }

    /// <summary>Tells the client that the stream is open, before the first response.</summary>
    Task OpenAsync();

    /// <summary>
    /// Waits for the next request. False when the client has completed its requests; throws when the client is gone.
    /// </summary>
    /// <param name="stopping">Gives up this read and nothing else: the stream lives on.</param>
    Task<bool> ReadAsync(CancellationToken stopping);

    /// <summary>
    /// Copies the frame, calls <see cref="Frame.ReleaseBytes"/>, and completes when the client's transport has taken the bytes,
    /// which can take as long as the client does not read.
    /// </summary>
    /// <param name="frame">An encoded response. It may be reused once this has completed.</param>
    /// <param name="stallTimeout">Gives up on this client: the stream is reset.</param>
    ValueTask WriteAsync(Frame frame, CancellationToken stallTimeout);

    /// <summary>Resets the stream of a client that has been given up.</summary>
    void Abort();
}
