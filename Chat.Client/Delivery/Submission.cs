using System.Text;

namespace GrpcChat.Client.Delivery;

/// <summary>A call that gives a message to the outbox, until the message has its place.</summary>
internal sealed class Submission(long ticket, string room, string text, string? clientOffset, bool wantsAnswer)
{
    /// <summary>Its place among all calls that send: 1, 2, 3, …</summary>
    public long Ticket { get; } = ticket;

    public string Room { get; } = room;

    public string Text { get; } = text;

    /// <summary>Null if the outbox is to choose one.</summary>
    public string? ClientOffset { get; } = clientOffset;

    /// <summary>The caller waits for the answer.</summary>
    public bool WantsAnswer { get; } = wantsAnswer;

    /// <summary>The size of the text.</summary>
    public int Bytes { get; } = Encoding.UTF8.GetByteCount(text);

    /// <summary>Completes when the message has its place.</summary>
    public TaskCompletionSource<OutboxEntry> Placed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTokenRegistration Cancellation { get; set; }
}
