namespace Chat.AspNetCore.Storage;

/// <summary>
/// An ordered source of sends. After the first send of it that failed, the log stores nothing more of it, in whichever
/// batch that waits: so a sender's messages keep their order through every failure.
/// </summary>
internal abstract class AppendStream
{
    private volatile bool failed;

    /// <summary>True as soon as one send of this stream failed.</summary>
    public bool HasFailed => failed;

    /// <summary>Why that send failed, for the service's operator; null until one has.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Called on the log's writer thread with <see cref="Append.Result"/> set. Must not block or throw.</summary>
    public abstract void OnAnswered(Append append);

    /// <summary>
    /// Called once when a send of this stream failed: what was not answered until now has an unknown outcome and gets
    /// no answer. Must not block or throw.
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
