using System.Text;
using GrpcChat.Client.State;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>A message on its way: from when it has a place in the outbox until it is answered.</summary>
/// <param name="message">The message, as it is kept.</param>
/// <param name="ticket">Its place among all calls that send; 0 if an earlier process left it behind.</param>
internal sealed class OutboxEntry(StoredMessage message, long ticket)
{
    private readonly TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Send? send;

    public long Ticket { get; } = ticket;

    public long Sequence => message.Sequence;

    public string Room => message.Room;

    public string ClientOffset => message.ClientOffset;

    public string Text => message.Text;

    /// <summary>The size of the text.</summary>
    public int Bytes { get; } = Encoding.UTF8.GetByteCount(message.Text);

    /// <summary>Completes when the message is safely kept, and fails if it can't be.</summary>
    public Task Stored => stored.Task;

    /// <summary>The answer for the callers that wait for it; null if none does.</summary>
    public TaskCompletionSource<SentMessage>? Answer { get; set; }

    /// <summary>The number of those callers.</summary>
    public int Waiters { get; set; }

    /// <summary>The answer must also be an event, even if callers wait for it.</summary>
    public bool WantsEvent { get; set; }

    /// <summary>Somebody waits for the answer, so that it need not be an event.</summary>
    public bool IsAwaited => Waiters > 0 && !WantsEvent;

    /// <summary>The request; the same object for every attempt.</summary>
    public Send Send => send ??= new Send { Room = Room, ClientOffset = ClientOffset, Text = Text };

    public void SetStored() => stored.TrySetResult();

    public void SetNotStored(Exception error)
    {
        stored.TrySetException(error);
        _ = stored.Task.Exception; // The caller may have stopped waiting.
    }

    public void Fail(Exception error)
    {
        if (Answer?.TrySetException(error) == true)
        {
            _ = Answer.Task.Exception; // The callers may have stopped waiting.
        }
    }
}
