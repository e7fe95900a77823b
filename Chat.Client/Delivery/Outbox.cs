using System.Security.Cryptography;
using System.Text;
using Chat.Client.State;
using Chat.V1;

namespace Chat.Client.Delivery;

/// <summary>
/// The messages without an answer, in the order in which the application gave them. Each stream sends them from the first
/// one on; an answer takes one out.
/// </summary>
internal sealed class Outbox
{
    private readonly Lock gate = new();
    private readonly IClientState state;
    private readonly Action added;
    private readonly int maxCount;
    private readonly long maxBytes;

    // 96 random bits, anew for each process, because a state file that was copied would count on from the same number.
    private readonly string clientId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    // All that have a place, also those that are still being stored; and those that may be sent.
    private readonly Dictionary<(string Room, string ClientOffset), OutboxEntry> unanswered = [];
    private readonly LinkedList<OutboxEntry> inOrder = [];
    private readonly Dictionary<OutboxEntry, LinkedListNode<OutboxEntry>> nodes = [];
    private readonly LinkedList<Newcomer> waiting = [];
    private LinkedListNode<OutboxEntry>? next;
    private TaskCompletionSource? empty;
    private Exception? closed;
    private Exception? closing;
    private long lastSequence;
    private long counter;
    private int count;
    private long bytes;

    /// <param name="state">Keeps them.</param>
    /// <param name="kept">Those that an earlier process left behind.</param>
    /// <param name="added">Called when there is one more to send.</param>
    /// <param name="options">The limits.</param>
    public Outbox(IClientState state, IReadOnlyList<OutboxEntry> kept, Action added, ChatClientOptions options)
    {
        this.state = state;
        this.added = added;
        maxCount = options.MaxOutboxMessages;
        maxBytes = options.MaxOutboxBytes;
        lastSequence = kept.Count > 0 ? kept[^1].Sequence : 0;
        foreach (var entry in kept)
        {
            count++;
            bytes += entry.Bytes;
            if (entry.Refusal is null)
            {
                unanswered.Add((entry.Room, entry.ClientOffset), entry);
                nodes.Add(entry, inOrder.AddLast(entry));
            }
        }

        next = inOrder.First;
        ClientMetrics.OutboxMessages.Add(unanswered.Count);
    }

    /// <summary>Messages without an answer.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return unanswered.Count + waiting.Count;
            }
        }
    }

    /// <summary>The messages without an answer, in order.</summary>
    public IReadOnlyList<PendingMessage> Snapshot()
    {
        lock (gate)
        {
            return [.. inOrder.Select(entry => new PendingMessage(entry.Room, entry.ClientOffset, entry.Text))];
        }
    }

    /// <summary>
    /// Gives a message a place, in the order of the calls, or finds the one that has this key already. Waits while there is
    /// no space; then, and only then, it can be cancelled.
    /// </summary>
    /// <exception cref="ChatRefusedException">The key waits already, with another text.</exception>
    public Task<OutboxEntry> PlaceAsync(string room, string text, string? clientOffset, bool wantsAnswer, CancellationToken cancellationToken)
    {
        var newcomer = new Newcomer(room, text, clientOffset, wantsAnswer);
        lock (gate)
        {
            if ((closed ?? closing) is { } error)
            {
                return Task.FromException<OutboxEntry>(error);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (waiting.Count == 0 && Fits(newcomer))
            {
                Place(newcomer);
                return newcomer.Placed.Task;
            }

            if (unanswered.Count == 0 && waiting.Count == 0)
            {
                // Only the loop that reads events can make space then, and it may be the one that calls.
                throw new InvalidOperationException(
                    $"the outbox is full of {count} refused messages that nobody has been told of; read the events");
            }

            var node = waiting.AddLast(newcomer);
            newcomer.Cancellation = cancellationToken.UnsafeRegister(_ => Cancel(node, cancellationToken), null);
            return newcomer.Placed.Task;
        }
    }

    /// <summary>The caller does not wait for the answer any more, so that it comes as an event. False = it has come.</summary>
    public bool Abandon(OutboxEntry entry)
    {
        lock (gate)
        {
            if (entry.Answer!.Task.IsCompleted)
            {
                return false;
            }

            entry.Waiters--;
            return true;
        }
    }

    /// <summary>A message is kept, or could not be.</summary>
    public void OnStored(OutboxEntry entry, Exception? error)
    {
        if (error is not null)
        {
            lock (gate)
            {
                unanswered.Remove((entry.Room, entry.ClientOffset));
                ClientMetrics.OutboxMessages.Add(closed is null ? -1 : 0);
                Release(entry);
            }

            entry.SetNotStored(error);
            return;
        }

        lock (gate)
        {
            var node = inOrder.AddLast(entry);
            nodes.Add(entry, node);
            next ??= node;
        }

        entry.SetStored();
        added();
    }

    /// <summary>A new stream begins: everything is to be sent again, from the first one on.</summary>
    public void Rewind()
    {
        lock (gate)
        {
            next = inOrder.First;
        }
    }

    /// <summary>Moves what is to be sent next into a request, up to about so many bytes. False = nothing is.</summary>
    public bool Fill(ChatRequest request, int maxBytesOfRequest)
    {
        lock (gate)
        {
            var size = 0;
            while (next is { } node && (size == 0 || size + node.Value.Send.CalculateSize() < maxBytesOfRequest))
            {
                size += node.Value.Send.CalculateSize();
                request.Sends.Add(node.Value.Send);
                next = node.Next;
            }

            return size > 0;
        }
    }

    /// <summary>The service has stored a message. False = it has been answered before.</summary>
    /// <param name="ack">The answer.</param>
    /// <param name="announce">Called where nobody waited for it, before a flush can end.</param>
    public bool Take(Ack ack, Action<OutboxEntry> announce)
    {
        lock (gate)
        {
            if (Remove(ack.Room, ack.ClientOffset) is not { } entry)
            {
                return false;
            }

            state.Remove(entry);
            if (!IsAwaited(entry))
            {
                announce(entry);
            }

            entry.Answer?.TrySetResult(new SentMessage(entry.Room, entry.ClientOffset, ack.Id, ack.Duplicate));
            Release(entry);
            return true;
        }
    }

    /// <summary>The service has refused a message. False = it has been answered before.</summary>
    /// <param name="refusal">The answer.</param>
    /// <param name="announce">
    /// Called where nobody waited for it, before a flush can end; the message is kept until <see cref="Forget"/> then.
    /// </param>
    public bool Take(Refusal refusal, Action<OutboxEntry> announce)
    {
        lock (gate)
        {
            if (Remove(refusal.Room, refusal.ClientOffset) is not { } entry)
            {
                return false;
            }

            entry.Refusal = (refusal.Reason.ToRefusalReason(), refusal.Detail);
            var isAwaited = IsAwaited(entry);
            Fail(entry, new ChatRefusedException(refusal.Reason.ToRefusalReason(), refusal.Detail));
            if (isAwaited)
            {
                state.Remove(entry);
                Release(entry);
            }
            else
            {
                state.Refuse(entry);
                announce(entry);
                LookWhetherEmpty();
            }

            return true;
        }
    }

    /// <summary>The application knows that a message was refused.</summary>
    public void Forget(OutboxEntry refused)
    {
        lock (gate)
        {
            state.Remove(refused);
            Release(refused);
        }
    }

    /// <summary>Ends when no message is without an answer.</summary>
    public Task WhenEmptyAsync()
    {
        lock (gate)
        {
            if (closed is not null && unanswered.Count + waiting.Count > 0)
            {
                return Task.FromException(closed);
            }

            if (unanswered.Count + waiting.Count == 0)
            {
                return Task.CompletedTask;
            }

            empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return empty.Task;
        }
    }

    /// <summary>Takes nothing new, so that what is waited for has an end.</summary>
    public void Shut(Exception error)
    {
        lock (gate)
        {
            closing = error;
        }
    }

    /// <summary>Nothing is answered any more: whoever waits is told so. The messages stay where they are kept.</summary>
    public void Close(Exception error)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                return;
            }

            closed = error;
            ClientMetrics.OutboxMessages.Add(-unanswered.Count);
            foreach (var newcomer in waiting)
            {
                newcomer.Cancellation.Unregister();
                newcomer.Placed.TrySetException(error);
            }

            waiting.Clear();
            foreach (var entry in unanswered.Values)
            {
                Fail(entry, error);
            }

            empty?.TrySetException(error);
            _ = empty?.Task.Exception;
        }
    }

    private static bool IsAwaited(OutboxEntry entry) => entry is { Waiters: > 0, WantsEvent: false };

    private static void Fail(OutboxEntry entry, Exception error)
    {
        if (entry.Answer?.TrySetException(error) == true)
        {
            _ = entry.Answer.Task.Exception; // Whoever waited may have gone.
        }
    }

    private bool Fits(Newcomer newcomer) => count == 0 || (count < maxCount && bytes + newcomer.Bytes <= maxBytes);

    private void Place(Newcomer newcomer)
    {
        newcomer.Cancellation.Unregister();
        if (newcomer.ClientOffset is not null && unanswered.TryGetValue((newcomer.Room, newcomer.ClientOffset), out var entry))
        {
            if (entry.Text != newcomer.Text)
            {
                newcomer.Placed.TrySetException(new ChatRefusedException(
                    RefusalReason.OffsetReused, $"the client offset '{newcomer.ClientOffset}' waits in '{newcomer.Room}' with another text; give each message a client offset of its own"));
                return;
            }
        }
        else
        {
            entry = new OutboxEntry(++lastSequence, newcomer.Room, newcomer.ClientOffset ?? $"{clientId}-{++counter}", newcomer.Text);
            count++;
            bytes += entry.Bytes;
            unanswered.Add((entry.Room, entry.ClientOffset), entry);
            ClientMetrics.OutboxMessages.Add(1);

            // Here, because the order in which they are kept must be that of their places.
            state.Append(entry);
        }

        if (newcomer.WantsAnswer)
        {
            entry.Waiters++;
            entry.Answer ??= new TaskCompletionSource<SentMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            entry.WantsEvent = true;
        }

        newcomer.Placed.TrySetResult(entry);
    }

    private void Cancel(LinkedListNode<Newcomer> node, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (node.List is null)
            {
                return; // It has its place, and keeps it.
            }

            waiting.Remove(node);
            node.Value.Placed.TrySetCanceled(cancellationToken);
            Admit();
        }
    }

    private OutboxEntry? Remove(string room, string clientOffset)
    {
        // One that is still being stored has not been sent: an answer of that key belongs to somebody else.
        if (!unanswered.TryGetValue((room, clientOffset), out var entry) || !nodes.Remove(entry, out var node))
        {
            return null;
        }

        unanswered.Remove((room, clientOffset));
        ClientMetrics.OutboxMessages.Add(-1);
        if (next == node)
        {
            next = node.Next;
        }

        inOrder.Remove(node);
        return entry;
    }

    private void Release(OutboxEntry entry)
    {
        count--;
        bytes -= entry.Bytes;
        Admit();
    }

    // Those who wait for space get their places here, in their order, and not when their threads happen to run.
    private void Admit()
    {
        while (waiting.First is { } first && Fits(first.Value))
        {
            waiting.RemoveFirst();
            Place(first.Value);
        }

        LookWhetherEmpty();
    }

    private void LookWhetherEmpty()
    {
        if (unanswered.Count == 0 && waiting.Count == 0)
        {
            empty?.TrySetResult();
            empty = null;
        }
    }

    private sealed class Newcomer(string room, string text, string? clientOffset, bool wantsAnswer)
    {
        public string Room { get; } = room;

        public string Text { get; } = text;

        public string? ClientOffset { get; } = clientOffset;

        public bool WantsAnswer { get; } = wantsAnswer;

        public int Bytes { get; } = Encoding.UTF8.GetByteCount(text);

        public TaskCompletionSource<OutboxEntry> Placed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Cancellation { get; set; }
    }
}
