namespace Grpc.Core.Internal;

/// <summary>What every kind of call offers besides its messages, through functions of the transport.</summary>
internal readonly struct CallState
{
    private readonly Func<object, Task<Metadata>> getHeaders;
    private readonly Func<object, Status> getStatus;
    private readonly Func<object, Metadata> getTrailers;
    private readonly Action<object> dispose;
    private readonly object state;

    public CallState(
        Func<object, Task<Metadata>> getHeaders,
        Func<object, Status> getStatus,
        Func<object, Metadata> getTrailers,
        Action<object> dispose,
        object state)
    {
        this.getHeaders = getHeaders;
        this.getStatus = getStatus;
        this.getTrailers = getTrailers;
        this.dispose = dispose;
        this.state = state;
    }

    public CallState(Task<Metadata> headers, Func<Status> getStatus, Func<Metadata> getTrailers, Action dispose)
        : this(_ => headers, _ => getStatus(), _ => getTrailers(), _ => dispose(), dispose)
    {
    }

    public Task<Metadata> HeadersAsync => getHeaders(state);

    public Status GetStatus() => getStatus(state);

    public Metadata GetTrailers() => getTrailers(state);

    public void Dispose() => dispose(state);
}
