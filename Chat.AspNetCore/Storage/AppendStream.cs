namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// An ordered source of sends, and the receiver of their answers. After one send of a stream has failed, the log stores
/// nothing more of that stream, whichever batch it is in. So the order of a sender's messages survives every failure.
/// </summary>
internal abstract class AppendStream
{
    private volatile bool failed;

    /// <summary>True as soon as one send of this stream has failed.</summary>
    public bool HasFailed => failed;

    /// <summary>Why that send failed, for the service's operator; null before.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>
    /// Called on the log's writer thread when <see cref="Append.Result"/> is set. Must not block or throw.
    /// </summary>
    public abstract void OnAnswered(Append append);

    /// <summary>
    /// Called once, when a send of this stream fails. The sends that have not been answered have an unknown outcome and
    /// get no answer. Must not block or throw.
    /// </summary>
    protected abstract void OnFailed();

    /// <summary>For the log: marks the stream as failed.</summary>
    internal void Fail(Exception why)
    {
        if (!failed)
        {
            Failure = why;
            failed = true;
            OnFailed();
        }
    }
}
