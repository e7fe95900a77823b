using System.Security.Cryptography;
using GrpcChat.Client.State;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// The messages without an answer, in the order in which the application gave them. Each stream sends them from the
/// first one on; an answer removes one.
/// </summary>
/// <remarks>
/// One lock guards places, order and answers, because each changes the others; that is why the file is long. Under it,
/// only what neither blocks nor calls back is called (the state keeper, the event queue, the wake-up), so that what
/// they get is in the order of the places and answers.
/// </remarks>
internal sealed class Outbox
{
    private readonly Lock gate = new();
    private readonly IStateKeeper state;
    private readonly EventQueue events;
    private readonly WakeSignal wakeUp;
    private readonly OutboxPlaces places;
    private readonly ITimer holdTimer;
    private readonly TimeSpan minHold;
    private readonly FlushWaits flushes = new();

    // 96 random bits per process, because a copied state file would continue from the same number.
    private readonly string clientId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    // All that have a place and no answer; and of these, those that are stored and may be sent.
    private readonly Dictionary<(string Room, string ClientOffset), OutboxEntry> unanswered = [];
    private readonly SendOrder order;
    private Exception? closed;
    private Exception? closing;
    private long lastTicket;
    private long lastSequence;
    private long lastOffset;

    /// <param name="state">Keeps the messages; those of an earlier process are sent first.</param>
    /// <param name="events">Receives answers that nobody waits for.</param>
    /// <param name="wakeUp">Set when there is one more message to send.</param>
    /// <param name="options">The limits.</param>
    public Outbox(IStateKeeper state, EventQueue events, WakeSignal wakeUp, ChatClientOptions options)
    {
        this.state = state;
        this.events = events;
        this.wakeUp = wakeUp;
        places = new OutboxPlaces(options.MaxOutboxMessages, options.MaxOutboxBytes);
        order = new SendOrder(options.TimeProvider);
        minHold = options.ReconnectDelay;
        holdTimer = options.TimeProvider.CreateTimer(
            static signal => ((WakeSignal)signal!).Set(), wakeUp, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var message in state.Messages)
        {
            var entry = new OutboxEntry(message, ticket: 0);
            entry.SetStored();
            places.Take(entry.Bytes);
            lastSequence = message.Sequence;
            if (message.Refusal is { } refusal)
            {
                events.Add(entry.ToRefused(refusal));
            }
            else
            {
                unanswered.Add((entry.Room, entry.ClientOffset), entry);
                order.Add(entry);
            }
        }

        ClientMetrics.AddToOutboxes(unanswered.Count);
    }

    /// <summary>The number of messages without an answer.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return unanswered.Count + places.Waiting;
            }
        }
    }

    /// <summary>The messages without an answer, in order.</summary>
    public IReadOnlyList<PendingMessage> Snapshot()
    {
        lock (gate)
        {
            return [.. order.Entries.Select(entry => new PendingMessage(entry.Room, entry.ClientOffset, entry.Text))];
        }
    }

    /// <summary>
    /// Gives a message a place, in the order of the calls, or finds the one that has this client offset already. Waits
    /// while there is no place; only then can it be cancelled.
    /// </summary>
    /// <exception cref="ChatRefusedException">The outbox has this client offset with another text.</exception>
    public Task<OutboxEntry> PlaceAsync(
        string room, string text, string? clientOffset, bool wantsAnswer, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if ((closed ?? closing) is { } error)
            {
                return Task.FromException<OutboxEntry>(error);
            }

            cancellationToken.ThrowIfCancellationRequested();
            var newcomer = new Submission(++lastTicket, room, text, clientOffset, wantsAnswer);
            if (places.HasPlaceFor(newcomer))
            {
                Place(newcomer);
            }
            else if (unanswered.Count == 0 && places.Waiting == 0)
            {
                // Only the loop that reads events can free a place now, and that loop may be the caller.
                throw new InvalidOperationException(
                    $"the outbox is full of {places.Count} refused messages; read the events to free their places");
            }
            else
            {
                var node = places.Enqueue(newcomer);
                newcomer.Cancellation = cancellationToken.UnsafeRegister(_ => Cancel(node, cancellationToken), null);
            }

            return newcomer.Placed.Task;
        }
    }

    /// <summary>
    /// The caller does not wait for the answer any more, so it will be an event. False if it is here already.
    /// </summary>
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

    /// <summary>A message is safely kept, or could not be.</summary>
    public void OnStored(StoredMessage message, Exception? error)
    {
        lock (gate)
        {
            // It has not been sent yet, so it is still here.
            var entry = unanswered[(message.Room, message.ClientOffset)];
            if (error is null)
            {
                MakeSendable(entry);
                return;
            }

            Forget(entry);
            entry.SetNotStored(error);
            Release(entry.Bytes);
            flushes.OnAnswered(entry.Ticket);
        }
    }

    /// <summary>A new stream starts: everything is to be sent again, from the first message on.</summary>
    public void Rewind()
    {
        lock (gate)
        {
            order.Rewind();
        }
    }

    /// <summary>Adds what is to be sent next to a request, up to about this size. False if there is nothing.</summary>
    public bool Fill(ChatRequest request, int maxBytes)
    {
        lock (gate)
        {
            var isFilled = order.Fill(request, maxBytes);
            SetHoldTimer();
            return isFilled;
        }
    }

    /// <summary>The room has a message.</summary>
    public void OnRoomExists(string room)
    {
        lock (gate)
        {
            order.OnRoomExists(room);
            WakeIfReady();
        }
    }

    /// <summary>The service has stored a message. False if it was answered before.</summary>
    public bool Take(Ack ack)
    {
        lock (gate)
        {
            if (Remove(ack.Room, ack.ClientOffset) is not { } entry)
            {
                return false;
            }

            order.OnRoomExists(entry.Room);
            WakeIfReady();
            state.Remove(entry.Sequence);
            if (!entry.IsAwaited)
            {
                events.AddNewest(new MessageAcked(entry.Room, entry.ClientOffset, ack.Id, ack.Duplicate), entry.Room);
            }

            entry.Answer?.TrySetResult(new SentMessage(entry.Room, entry.ClientOffset, ack.Id, ack.Duplicate));
            Release(entry.Bytes);
            flushes.OnAnswered(entry.Ticket);
            return true;
        }
    }

    /// <summary>
    /// The service has refused a message. If it says when to send it again, that is not an answer. Otherwise, if nobody
    /// waited for the answer, the message keeps its place until <see cref="Forget(long, int)"/>. False if the message
    /// waits, or was answered before.
    /// </summary>
    public bool Take(Refusal refusal)
    {
        lock (gate)
        {
            if (refusal.RetryAfter.ToSpan() is { } delay)
            {
                Hold(refusal, delay < minHold ? minHold : delay);
                return false;
            }

            if (Remove(refusal.Room, refusal.ClientOffset) is not { } entry)
            {
                return false;
            }

            var reason = refusal.Reason.ToRefusalReason();
            if (entry.IsAwaited)
            {
                state.Remove(entry.Sequence);
                Release(entry.Bytes);
            }
            else
            {
                var stored = new StoredRefusal(reason, refusal.Detail);
                state.Refuse(entry.Sequence, stored);
                events.Add(entry.ToRefused(stored));
            }

            WakeIfReady();
            entry.Fail(new ChatRefusedException(reason, refusal.Detail));
            flushes.OnAnswered(entry.Ticket);
            return true;
        }
    }

    /// <summary>The application knows that a message was refused.</summary>
    public void Forget(long sequence, int bytes)
    {
        lock (gate)
        {
            state.Remove(sequence);
            Release(bytes);
        }
    }

    /// <summary>Completes when every message that was given before this call has an answer.</summary>
    public Task FlushAsync()
    {
        lock (gate)
        {
            var count = unanswered.Count + places.Waiting;
            return count == 0 ? Task.CompletedTask
                : closed is not null ? Task.FromException(closed)
                : flushes.Add(lastTicket, count);
        }
    }

    /// <summary>Accepts no more messages, so that waiting for the answers has an end.</summary>
    public void Shut(Exception error)
    {
        lock (gate)
        {
            closing = error;
        }
    }

    /// <summary>No more answers follow: everybody who waits gets the error. The state keeps the messages.</summary>
    public void Close(Exception error)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                return;
            }

            closed = error;
            holdTimer.Dispose();
            ClientMetrics.AddToOutboxes(-unanswered.Count);
            foreach (var newcomer in places.Clear())
            {
                newcomer.Cancellation.Unregister();
                newcomer.Placed.TrySetException(error);
            }

            foreach (var entry in unanswered.Values)
            {
                entry.Fail(error);
            }

            flushes.Fail(error);
        }
    }

    private void Place(Submission newcomer)
    {
        newcomer.Cancellation.Unregister();
        if (newcomer.ClientOffset is not null
            && unanswered.TryGetValue((newcomer.Room, newcomer.ClientOffset), out var entry))
        {
            flushes.OnAnswered(newcomer.Ticket); // From here on, the earlier message counts for both.
            if (entry.Text != newcomer.Text)
            {
                newcomer.Placed.TrySetException(new ChatRefusedException(
                    RefusalReason.OffsetReused,
                    $"the client offset '{newcomer.ClientOffset}' is waiting in '{newcomer.Room}' with another text; "
                        + "give each message a client offset of its own"));
                return;
            }
        }
        else
        {
            var clientOffset = newcomer.ClientOffset ?? $"{clientId}-{++lastOffset}";
            var message = new StoredMessage(++lastSequence, newcomer.Room, clientOffset, newcomer.Text);
            entry = new OutboxEntry(message, newcomer.Ticket);
            places.Take(entry.Bytes);
            unanswered.Add((entry.Room, entry.ClientOffset), entry);
            ClientMetrics.AddToOutboxes(1);
            if (state.Append(message))
            {
                MakeSendable(entry);
            }
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

    // Only a send that would create its room is refused for a while, so this room has nothing else on its way.
    private void Hold(Refusal refusal, TimeSpan delay)
    {
        delay = delay < MessageForms.LongestWait ? delay : MessageForms.LongestWait;
        if (unanswered.TryGetValue((refusal.Room, refusal.ClientOffset), out var entry) && order.Hold(entry, delay))
        {
            SetHoldTimer();
            events.AddNewest(
                new MessageDelayed(
                    entry.Room, entry.ClientOffset, delay, refusal.Reason.ToRefusalReason(), refusal.Detail),
                entry.Room);
        }
    }

    private void SetHoldTimer() => holdTimer.Change(order.HoldLeft ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private void WakeIfReady()
    {
        if (order.HasReady)
        {
            wakeUp.Set();
        }
    }

    private void MakeSendable(OutboxEntry entry)
    {
        order.Add(entry);
        entry.SetStored();
        wakeUp.Set();
    }

    private void Cancel(LinkedListNode<Submission> node, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (places.Remove(node))
            {
                node.Value.Placed.TrySetCanceled(cancellationToken);
                flushes.OnAnswered(node.Value.Ticket);
                Admit();
            }
        }
    }

    private OutboxEntry? Remove(string room, string clientOffset)
    {
        // A message that is still being stored has not been sent, so this answer belongs to another sender of that
        // offset.
        if (!unanswered.TryGetValue((room, clientOffset), out var entry) || !order.Remove(entry))
        {
            return null;
        }

        Forget(entry);
        return entry;
    }

    private void Forget(OutboxEntry entry)
    {
        unanswered.Remove((entry.Room, entry.ClientOffset));
        ClientMetrics.AddToOutboxes(closed is null ? -1 : 0);
    }

    private void Release(int bytes)
    {
        places.Release(bytes);
        Admit();
    }

    // Waiting calls get their places here, in their order, and not when their threads happen to run.
    private void Admit()
    {
        while (places.Dequeue() is { } first)
        {
            Place(first);
        }
    }
}
