using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>A call that ended with a status other than OK, or a handler's wish that its call end so.</summary>
public class RpcException : Exception
{
    /// <summary>Makes an exception whose message is the status in words.</summary>
    /// <param name="status">How the call ended.</param>
    public RpcException(Status status)
        : this(status, Metadata.Empty, status.ToString()) { }

    /// <summary>Makes an exception with a message of its own.</summary>
    /// <param name="status">How the call ended.</param>
    /// <param name="message">The exception's message; it is not sent to the peer.</param>
    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message) { }

    /// <summary>Makes an exception that carries trailers.</summary>
    /// <param name="status">How the call ended.</param>
    /// <param name="trailers">Metadata that came, or shall go, with the status.</param>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString()) { }

    /// <summary>Makes an exception that carries trailers and a message of its own.</summary>
    /// <param name="status">How the call ended; its local cause becomes the inner exception.</param>
    /// <param name="trailers">Metadata that came, or shall go, with the status.</param>
    /// <param name="message">The exception's message; it is not sent to the peer.</param>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        Status = status;
        Trailers = GrpcPreconditions.CheckNotNull(trailers, nameof(trailers));
    }

    /// <summary>How the call ended.</summary>
    public Status Status { get; }

    /// <summary>The code of <see cref="Status"/>, handy in exception filters.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>Trailers of the call; empty when there are none.</summary>
    public Metadata Trailers { get; }
}
