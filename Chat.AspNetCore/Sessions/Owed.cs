using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// What a stream still owes its client: answers to sends, joins and leaves, from the moment they are read until the
/// transport has taken the answer. The request loop and the log's writer put in, the response loop takes out. Its size
/// is bounded because each send, join and leave takes a place here before it is looked at.
/// </summary>
/// <param name="bell">Rung whenever there is something to say.</param>
/// <param name="capacity">At most so many answers are owed.</param>
internal sealed class Owed(Doorbell bell, int capacity) : AppendStream, IDisposable
{
    private readonly SemaphoreSlim places = new(capacity);

    // Also the lock around itself.
    private readonly List<object> answers = [];
    private int unanswered;
    private volatile RequestsEnd requestsEnd;

    /// <summary>How the client's requests ended, if they have.</summary>
    public RequestsEnd RequestsEnd => requestsEnd;

    /// <summary>True when no send is on its way into the log.</summary>
    public bool IsSettled => Volatile.Read(ref unanswered) == 0;

    /// <summary>Waits while the client owes us the reading of answers.</summary>
    public Task PlaceAsync(CancellationToken ending) => places.WaitAsync(ending);

    /// <summary>Gives back the places of answers that the transport has taken.</summary>
    public void Release(int count)
    {
        if (count > 0)
        {
            places.Release(count);
        }
    }

    /// <summary>A send goes to the log.</summary>
    public void SendBegins() => Interlocked.Increment(ref unanswered);

    /// <summary>Adds an answer: a <see cref="RoomCursor"/>, <see cref="Left"/>, <see cref="Refusal"/> or an answered <see cref="Append"/>.</summary>
    public void Post(object answer)
    {
        lock (answers)
        {
            answers.Add(answer);
        }

        bell.Ring();
    }

    /// <summary>Moves all answers into <paramref name="pending"/>, in the order in which they were posted.</summary>
    public void MoveTo(Queue<object> pending)
    {
        lock (answers)
        {
            answers.ForEach(pending.Enqueue);
            answers.Clear();
        }
    }

    /// <summary>No more requests will be read.</summary>
    public void EndRequests(RequestsEnd end)
    {
        requestsEnd = end;
        bell.Ring();
    }

    public override void OnAnswered(Append append)
    {
        // In this order: who sees that the stream is settled also finds the last answer.
        lock (answers)
        {
            answers.Add(append);
        }

        Interlocked.Decrement(ref unanswered);
        bell.Ring();
    }

    public void Dispose() => places.Dispose();

    protected override void OnFailed() => bell.Ring();
}

/// <summary>Why a stream reads no more requests.</summary>
internal enum RequestsEnd
{
    NotYet,
    Completed,
    Stopping,
    Gone,
    Unreadable,
}
