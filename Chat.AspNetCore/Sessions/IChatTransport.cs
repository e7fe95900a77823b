namespace Chat.AspNetCore.Sessions;

/// <summary>
/// All that a session knows of the outside: it reads requests and writes encoded responses. So the same session serves
/// every door of the service.
/// </summary>
internal interface IChatTransport
{
    /// <summary>
    /// Waits for the next request; false when the client has completed its requests. Throws when the client is gone.
    /// </summary>
    /// <param name="stop">Gives up the read, and only that: the stream lives on.</param>
    Task<bool> ReadAsync(CancellationToken stop);

    /// <summary>The request that the last read has brought.</summary>
    EncodedRequest Request { get; }

    /// <summary>Ends when the transport has taken the frame, which may be as long as the client does not read.</summary>
    /// <param name="frame">An encoded response; it may be filled anew when this has ended.</param>
    /// <param name="patience">Gives up this client: the stream is reset.</param>
    ValueTask WriteAsync(Frame frame, CancellationToken patience);
}
