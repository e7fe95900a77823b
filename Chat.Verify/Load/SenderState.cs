using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// What a sender has sent and what has been answered. Two loops use it, under one lock; what it records, it records
/// before a send is written and after an answer was read.
/// </summary>
internal sealed class SenderState(LoadContext context, int client, int[] rooms, Random random)
{
    // Below the 256 from which on a service stops reading.
    private const int MostUnanswered = 128;
    private const int MostPerRequest = 64;

    private readonly Lock gate = new();

    // Not answered yet, in the order of the first send: what a new stream sends first.
    private readonly List<PlannedSend> unanswered = [];

    // Sends of answered client offsets: repetitions, and other texts.
    private readonly Queue<PlannedSend> extras = [];

    // What this stream has sent and the service has not answered, by number.
    private readonly Dictionary<int, PlannedSend> attempts = [];
    private readonly List<HistoryEvent> happened = [];

    // How many of the unanswered this stream has sent.
    private int sent;
    private int session;

    /// <summary>Everything that was sent has its answer.</summary>
    public bool IsAnswered
    {
        get
        {
            lock (gate)
            {
                return unanswered.Count == 0 && extras.Count == 0 && attempts.Count == 0;
            }
        }
    }

    public void BeginSession()
    {
        lock (gate)
        {
            sent = 0;
            session = context.Recording.BeginSession(client);
        }
    }

    public void EndSession(SessionEnd end)
    {
        lock (gate)
        {
            foreach (var lost in attempts.Values)
            {
                happened.Add(HistoryEvent.Unknown(session, lost.Room, lost.Key, lost.Hash));
            }

            attempts.Clear();
            context.Recording.AddAll(happened);
            context.Recording.EndSession(session, end);
        }
    }

    /// <summary>Plans so many new messages, or as many as may be unanswered; returns how many it planned.</summary>
    public int Plan(int count)
    {
        lock (gate)
        {
            count = Math.Min(count, MostUnanswered - unanswered.Count);
            for (var i = 0; i < count; i++)
            {
                var room = rooms[random.Next(rooms.Length)];
                var (key, number) = context.Offsets.Next(client, room);
                var variant = random.Next(200) == 0 ? SendVariant.Malformed : SendVariant.Ordinary;
                unanswered.Add(new PlannedSend(room, key, number, variant));
            }

            return Math.Max(0, count);
        }
    }

    /// <summary>The next sends of this stream, recorded as invoked; null if there are none.</summary>
    public ChatRequest? Take()
    {
        lock (gate)
        {
            var request = new ChatRequest();
            for (; sent < unanswered.Count && request.Sends.Count < MostPerRequest; sent++)
            {
                Add(request, unanswered[sent]);
            }

            for (var left = extras.Count; left > 0 && request.Sends.Count < MostPerRequest; left--)
            {
                var extra = extras.Dequeue();
                if (attempts.ContainsKey(extra.Number))
                {
                    // An answer names only the client offset, so two attempts at once could not be told apart.
                    extras.Enqueue(extra);
                }
                else
                {
                    Add(request, extra);
                }
            }

            context.Recording.AddAll(happened);
            return request.Sends.Count > 0 ? request : null;
        }
    }

    /// <summary>
    /// Takes the answers of a response. Returns how long to wait before the next attempt, where the service says so.
    /// </summary>
    public TimeSpan? OnResponse(ChatResponse response)
    {
        lock (gate)
        {
            TimeSpan? wait = null;
            foreach (var ack in response.Acks)
            {
                OnAcked(ack);
            }

            foreach (var refusal in response.Refusals)
            {
                if (OnRefused(refusal) is { } longer && !(longer < wait))
                {
                    wait = longer;
                }
            }

            context.Recording.AddAll(happened);
            return wait;
        }
    }

    private void Add(ChatRequest request, PlannedSend send)
    {
        attempts.Add(send.Number, send);
        happened.Add(HistoryEvent.Invoked(session, send.Room, send.Key, send.Hash));
        request.Sends.Add(new Send
        {
            Room = context.Recording.Rooms[send.Room],
            ClientOffset = context.Offsets.Format(client, send.Number),
            Text = send.Text,
        });
    }

    private void OnAcked(Ack ack)
    {
        if (context.FindRoom(ack.Room) is not (>= 0 and var room))
        {
            return;
        }

        if (!TryFind(room, ack.ClientOffset, out var attempt))
        {
            happened.Add(HistoryEvent.Acked(session, room, -1, 0, ack.Id, ack.Duplicate));
            return;
        }

        happened.Add(HistoryEvent.Acked(session, room, attempt.Key, attempt.Hash, ack.Id, ack.Duplicate));

        context.OnAcked(room, ack.Id);
        Answer(attempt);
        if (attempt.Variant == SendVariant.Ordinary)
        {
            switch (random.Next(100))
            {
                case 0:
                    extras.Enqueue(attempt with { Variant = SendVariant.OtherText });
                    break;
                case <= 2:
                    extras.Enqueue(attempt);
                    break;
            }
        }
    }

    private TimeSpan? OnRefused(Refusal refusal)
    {
        if (context.FindRoom(refusal.Room) is not (>= 0 and var room) || !TryFind(room, refusal.ClientOffset, out var attempt))
        {
            return null;
        }

        happened.Add(HistoryEvent.Refused(session, room, attempt.Key, attempt.Hash, (byte)refusal.Reason));
        if (refusal.RetryAfter is { } wait)
        {
            return wait.ToTimeSpan();
        }

        Answer(attempt);
        if (attempt.Variant == SendVariant.Ordinary)
        {
            context.Failures.Enqueue($"{refusal.Room}: a send was refused: {refusal.Detail}");
        }

        return null;
    }

    // The attempt that an answer is for: an answer names no more than the client offset.
    private bool TryFind(int room, string offset, out PlannedSend attempt)
    {
        attempt = default;
        return context.Offsets.Find(room, offset) is (_, var owner, var number) && owner == client && attempts.Remove(number, out attempt);
    }

    private void Answer(PlannedSend attempt)
    {
        // Answers come nearly in order, so this is nearly the first.
        var place = unanswered.FindIndex(planned => planned.Number == attempt.Number);
        if (place >= 0)
        {
            unanswered.RemoveAt(place);
            sent -= place < sent ? 1 : 0;
        }
    }

    private readonly record struct PlannedSend(int Room, int Key, int Number, SendVariant Variant)
    {
        public string Text => SendTexts.Of(Number, Variant);

        public ulong Hash => TextHash.Of(Text);
    }
}
