using System.Diagnostics.CodeAnalysis;
using Chat.Client;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// Everything that the screen knows, and what it does with keys and events. It touches no terminal and no network: what it
/// wants done, it says as <see cref="Intent"/>s. Not for several threads at once.
/// </summary>
internal sealed partial class ScreenModel
{
    private readonly List<Room> rooms = [];
    private readonly Queue<Intent> intents = new();
    private readonly TimeProvider time;

    /// <summary>An empty screen.</summary>
    /// <param name="user">The own name, by which own messages are known that were sent elsewhere.</param>
    /// <param name="time">The clock, and the zone in which times are shown.</param>
    public ScreenModel(string user, TimeProvider time)
    {
        (User, this.time) = (user, time);
        Current = new(""); // No room yet: a place for what is to be said until then.
        rooms.Add(Current);
    }

    public string User { get; }

    public int Columns { get; private set; } = 80;

    public int ScreenRows { get; private set; } = 24;

    /// <summary>The room on the screen.</summary>
    public Room Current { get; private set; }

    /// <summary>All rooms that are shown in the status line, in this order.</summary>
    public IReadOnlyList<Room> Rooms => rooms;

    public ConnectionChanged Connection { get; private set; } = new(ConnectionState.Connecting, null);

    public LineEditor Input { get; } = new();

    public TimeZoneInfo Zone => time.LocalTimeZone;

    /// <summary>Messages in all rooms that have no answer.</summary>
    public int Unanswered => rooms.Sum(room => room.Own.Unanswered);

    /// <summary>What is to be done next; false where nothing is.</summary>
    public bool TryTakeIntent([NotNullWhen(true)] out Intent? intent) => intents.TryDequeue(out intent);

    /// <summary>The terminal has another size. Sizes that no terminal has are corrected.</summary>
    public void Resize(int columns, int rows) =>
        (Columns, ScreenRows) = (Math.Clamp(columns, 4, 1000), Math.Clamp(rows, 2, 1000));

    /// <summary>Shows a room, and joins it where it is not joined.</summary>
    public void Open(string name)
    {
        var room = GetRoom(name);
        if (room.State == RoomState.Left)
        {
            room.State = RoomState.Joining;
            intents.Enqueue(new JoinRoom(name));
        }

        Show(room);
    }

    /// <summary>The outbox has taken a text and given it a key.</summary>
    public void Enqueued(SendText sent, string key)
    {
        if (Find(sent.Room)?.Own.Enqueued(sent.Entry, key) is not { } answer)
        {
            return;
        }

        if (answer is MessageReceived)
        {
            Find(sent.Room)!.Settled(key);
        }
        else
        {
            Take(answer);
        }
    }

    /// <summary>What was wanted could not be done.</summary>
    /// <param name="intent">What was wanted.</param>
    /// <param name="reason">Why, in a sentence for a person.</param>
    public void Failed(Intent intent, string reason)
    {
        switch (intent)
        {
            case SendText sent when Find(sent.Room) is { } room:
                room.Settle(room.Own.NotEnqueued(sent.Entry, reason));
                return;
            case LoadOlder { Room: var name } when Find(name) is { } room:
                (room.IsLoading, room.RowsWanted) = (false, 0);
                break;
            case LoadNewer { Room: var name } when Find(name) is { } room:
                room.IsLoading = false;
                break;
            case JoinRoom { Room: var name } when Find(name) is { } room:
                room.State = RoomState.Left;
                break;
        }

        Say(reason);
    }

    /// <summary>Shows a notice in the room on the screen.</summary>
    public void Say(string text) => Say(Current, text);

    private void Say(Room room, string text) => room.Timeline.Append(new() { Text = text, At = time.GetUtcNow() });

    private Room? Find(string name) => rooms.Find(room => room.Name == name);

    private Room GetRoom(string name)
    {
        if (Find(name) is { } known)
        {
            return known;
        }

        var room = new Room(name);
        rooms.Add(room);
        return room;
    }

    private void Show(Room room)
    {
        if (room == Current)
        {
            return;
        }

        var before = Current;
        before.Draft = Input.Text;
        before.Timeline.Follow();
        Current = room;
        room.Unread = 0;
        Input.Set(room.Draft);
        history.Leave();
        var isOver = before.State == RoomState.Left && before.Own.Unanswered == 0;
        if (isOver)
        {
            rooms.Remove(before);
        }
    }
}
