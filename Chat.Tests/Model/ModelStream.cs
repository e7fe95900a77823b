using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>An open stream in the model: its requests, and what it must receive.</summary>
internal sealed class ModelStream
{
    private readonly ChatModel model;
    private readonly string user;
    private readonly Tally tally;
    private readonly string firstRoom;
    private readonly HashSet<string> joined = [];
    private readonly Dictionary<string, RoomView> views = [];
    private readonly List<Answer> answers = [];
    private bool isGreeted;

    /// <param name="model">The model.</param>
    /// <param name="user">The sender of its sends.</param>
    /// <param name="first">The join of the first room, in the metadata; null for "-".</param>
    /// <param name="tally">Counts what the stream receives.</param>
    public ModelStream(ChatModel model, string user, Join? first, Tally tally)
    {
        this.model = model;
        this.user = user;
        this.tally = tally;
        firstRoom = first?.Room ?? "";
        if (first is not null)
        {
            Ask(first);
        }
    }

    public bool IsQuiet => isGreeted && answers.Count == 0 && views.Values.All(view => view.IsQuiet);

    /// <summary>Describes the next thing that is due.</summary>
    public string Missing => this switch
    {
        { isGreeted: false } => "the first frame",
        { answers.Count: > 0 } => answers[0].ToString(),
        _ => views.Values.Select(view => view.Missing).FirstOrDefault(missing => missing is not null) ?? "nothing more",
    };

    /// <summary>The next message of each room in which another stream has received more than this one.</summary>
    public IEnumerable<(string Room, long Id)> DueMessages =>
        views.Where(view => view.Value.IsMessageDue).Select(view => (view.Key, view.Value.Position + 1));

    /// <summary>The position of the stream in each of its rooms.</summary>
    public IEnumerable<(string Room, long Position)> Positions => views.Select(view => (view.Key, view.Value.Position));

    /// <summary>Processes a request, in the order of the contract: leaves, joins, sends.</summary>
    public void Ask(ChatRequest request)
    {
        foreach (var leave in request.Leaves)
        {
            Leave(leave.Room, Reason.Unspecified);
        }

        foreach (var join in request.Joins)
        {
            Ask(join);
        }

        foreach (var send in request.Sends)
        {
            answers.Add(model.Send(user, WithRoom(send)));
        }
    }

    /// <summary>
    /// Processes a send that the server may read at any time from now on, or never. False if it must not be written: a
    /// send that a limit would refuse now might be stored later, once another client has created the room, and no
    /// repetition would settle the matter.
    /// </summary>
    /// <param name="send">The send, with its room.</param>
    /// <param name="isStored">True if the send is stored in case the server reads it.</param>
    public bool TryAskAndDrop(Send send, out bool isStored)
    {
        var answer = model.Send(user, send, mayBeLost: true);
        isStored = answer.Refused is null;
        return answer.Refused != Reason.Limit;
    }

    /// <summary>The send with its room: an empty room means the first room.</summary>
    public Send WithRoom(Send send) => send.Room.Length > 0 ? send : new Send(send) { Room = firstRoom };

    /// <summary>Processes a frame, in the order of the contract.</summary>
    /// <exception cref="Mismatch">The model does not allow it.</exception>
    public void Take(ChatResponse frame)
    {
        Greet(frame);
        foreach (var told in frame.Joined)
        {
            tally.Count($"Joined {told.Resume}");
            View(told.Room).Take(told);
        }

        foreach (var told in frame.Messages)
        {
            tally.Count("Message");
            View(told.Room).Take(told);
        }

        foreach (var told in frame.CaughtUp)
        {
            tally.Count("CaughtUp");
            View(told.Room).Take(told);
        }

        foreach (var told in frame.Left)
        {
            tally.Count($"Left {told.Reason}");
            View(told.Room).Take(told);
        }

        foreach (var ack in frame.Acks)
        {
            Take(Answer.Of(ack));
        }

        foreach (var refusal in frame.Refusals)
        {
            Take(Answer.Of(refusal));
            if (refusal.Detail.Length == 0)
            {
                throw new Mismatch($"{Answer.Of(refusal)} has no detail");
            }
        }

        if (frame.GoAway is { } goAway)
        {
            throw new Mismatch($"GoAway {goAway} arrived, but the service is not stopping");
        }
    }

    private void Ask(Join join)
    {
        if (model.Refuse(join, joined) is { } reason)
        {
            Leave(join.Room, reason);
            return;
        }

        joined.Add(join.Room);
        View(join.Room).MustJoin(join);
    }

    private void Leave(string room, Reason reason)
    {
        joined.Remove(room);
        View(Forms.Echo(room)).MustLeave(reason);
    }

    private void Take(Answer told)
    {
        tally.Count(told.Refused is { } reason ? $"Refusal {reason}" : told.Duplicate == true ? "Ack, duplicate" : "Ack, new");
        var index = answers.FindIndex(answer => answer.IsFor(told));
        if (index < 0)
        {
            throw new Mismatch($"{told} arrived, but no such send is unanswered");
        }

        var due = answers[index];
        if (!due.Allows(told))
        {
            throw new Mismatch($"{told} arrived instead of {due}");
        }

        answers.RemoveAt(index);
        if (due.Refused is not null)
        {
            return;
        }

        if (answers.Take(index).FirstOrDefault(answer => answer.Room == told.Room && answer.Refused is null) is { } overtaken)
        {
            throw new Mismatch($"{told} arrived before {overtaken}, which was sent first");
        }

        if (due.Duplicate is null)
        {
            tally.Count(told.Duplicate == true ? "Repeat after a drop: was stored" : "Repeat after a drop: was lost");
        }

        model.Room(told.Room).Saw(told.Id);
    }

    private void Greet(ChatResponse frame)
    {
        if (!isGreeted && (frame.Heartbeat is null || (firstRoom.Length > 0 && frame.Joined.All(told => told.Room != firstRoom))))
        {
            throw new Mismatch($"the first frame is {frame}, without a heartbeat or without the Joined of the first room");
        }

        isGreeted = true;
    }

    private RoomView View(string room)
    {
        if (!views.TryGetValue(room, out var view))
        {
            views.Add(room, view = new RoomView(model.Room(room), model.LogId));
        }

        return view;
    }
}
