using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// The answers that a session still has to send, from the moment when a send, join or leave is read until the transport has
/// taken its answer. The request loop and the log's writer add, the response loop takes. The size is bounded because each
/// send, join and leave reserves a place here before it is looked at.
/// </summary>
/// <param name="wakeSignal">Set whenever there is something to send.</param>
/// <param name="capacity">The largest number of pending answers.</param>
internal sealed class PendingAnswers(WakeSignal wakeSignal, int capacity) : AppendStream, IDisposable
{
    private readonly SemaphoreSlim places = new(capacity);

    // Also the lock around itself.
    private readonly List<Answer> answers = [];
    private int sendsInLog;
    private volatile RequestsEnd requestsEnd;

    /// <summary>How the client's requests ended, if they have.</summary>
    public RequestsEnd RequestsEnd => requestsEnd;

    /// <summary>True when the log has answered every send that it was given.</summary>
    public bool IsSettled => Volatile.Read(ref sendsInLog) == 0;

    /// <summary>Reserves a place; waits while the client has yet to read earlier answers.</summary>
    public Task ReserveAsync(CancellationToken sessionEnded) => places.WaitAsync(sessionEnded);

    /// <summary>Frees the places of answers that the transport has taken.</summary>
    public void Release(int count)
    {
        if (count > 0)
        {
            places.Release(count);
        }
    }

    /// <summary>A send goes to the log.</summary>
    public void OnSendStarted() => Interlocked.Increment(ref sendsInLog);

    /// <summary>Adds an answer.</summary>
    public void Post(Answer answer)
    {
        lock (answers)
        {
            answers.Add(answer);
        }

        wakeSignal.Set();
    }

    /// <summary>Moves all answers into <paramref name="target"/>, in the order in which they were posted.</summary>
    public void MoveTo(Queue<Answer> target)
    {
        lock (answers)
        {
            answers.ForEach(target.Enqueue);
            answers.Clear();
        }
    }

    /// <summary>No more requests will be read.</summary>
    public void EndRequests(RequestsEnd end)
    {
        requestsEnd = end;
        wakeSignal.Set();
    }

    public override void OnAnswered(Append append)
    {
        // In this order: whoever sees that all is settled also finds the last answer.
        lock (answers)
        {
            answers.Add(new Answer.OfLog(append));
        }

        Interlocked.Decrement(ref sendsInLog);
        wakeSignal.Set();
    }

    public void Dispose() => places.Dispose();

    protected override void OnFailed() => wakeSignal.Set();
}

/// <summary>Why a session reads no more requests.</summary>
internal enum RequestsEnd
{
    /// <summary>It still reads.</summary>
    NotYet,

    /// <summary>The client has completed its requests.</summary>
    Completed,

    /// <summary>The service ends the session.</summary>
    Stopped,

    /// <summary>The client is gone, or the session is over.</summary>
    Aborted,

    /// <summary>A request could not be read or decoded.</summary>
    Unreadable,
}
