namespace Grpc.Core;

/// <summary>Messages to send. One write at a time: the next begins when the last one's task is complete.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>Options of the writes that follow; null means the defaults.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Sends a message.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Complete when flow control has taken the message.</returns>
    Task WriteAsync(T message);

    /// <summary>Sends a message unless cancelled first.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Cancels the write, and with it the call, of which part may be sent.</param>
    /// <returns>Complete when flow control has taken the message.</returns>
    /// <exception cref="NotSupportedException">This writer supports no token that can be cancelled.</exception>
    Task WriteAsync(T message, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? throw new NotSupportedException("This stream writer does not support the cancellation of writes.")
            : WriteAsync(message);
}
