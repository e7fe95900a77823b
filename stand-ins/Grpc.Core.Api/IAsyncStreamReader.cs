namespace Grpc.Core;

/// <summary>Messages as they arrive. One read at a time.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last successful <see cref="MoveNext"/> brought.</summary>
    T Current { get; }

    /// <summary>Waits for the next message.</summary>
    /// <param name="cancellationToken">Cancels the whole call, not only this read.</param>
    /// <returns>False once the peer ended its stream.</returns>
    /// <exception cref="RpcException">On the client, the call ended with an error.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
