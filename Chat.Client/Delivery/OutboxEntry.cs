using System.Text;
using Chat.V1;

namespace Chat.Client.Delivery;

/// <summary>A message on its way: from when it has a place in the outbox until it is answered.</summary>
internal sealed class OutboxEntry(long sequence, string room, string clientOffset, string text)
{
    private readonly TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Send? send;

    /// <summary>Its place: 1, 2, 3, … in the order in which the application gave the messages.</summary>
    public long Sequence { get; } = sequence;

    public string Room { get; } = room;

    public string ClientOffset { get; } = clientOffset;

    public string Text { get; } = text;

    /// <summary>Why the service refused it, where it did.</summary>
    public (RefusalReason Reason, string Description)? Refusal { get; set; }

    /// <summary>Bytes of its text.</summary>
    public int Bytes { get; } = Encoding.UTF8.GetByteCount(text);

    /// <summary>Ends when it is safely kept, and fails where it is not.</summary>
    public Task Stored => stored.Task;

    /// <summary>What those wait for who want its answer.</summary>
    public TaskCompletionSource<SentMessage>? Answer { get; set; }

    /// <summary>How many those are.</summary>
    public int Waiters { get; set; }

    /// <summary>The answer is to come as an event, whoever else waits for it.</summary>
    public bool WantsEvent { get; set; }

    /// <summary>The same object for every attempt.</summary>
    public Send Send => send ??= new Send { Room = Room, ClientOffset = ClientOffset, Text = Text };

    public void SetStored() => stored.TrySetResult();

    public void SetNotStored(Exception error)
    {
        stored.TrySetException(error);
        _ = stored.Task.Exception; // Whoever gave it may have gone.
    }
}
