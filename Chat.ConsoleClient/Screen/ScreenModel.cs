using System.Diagnostics.CodeAnalysis;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Everything that the screen shows: the rooms, the one on the screen, the input and the connection. It touches neither
/// the terminal nor the network; what it wants done, it requests by <see cref="Intent"/>s. Not thread-safe.
/// </summary>
internal sealed class ScreenModel
{
    private readonly List<Room> rooms = [];
    private readonly Queue<Intent> intents = new();
    private readonly TimeProvider time;
    private bool hasAsked;

    /// <param name="user">The user's name, by which messages that the user sent elsewhere are recognized.</param>
    /// <param name="time">The zone in which times are shown.</param>
    public ScreenModel(string user, TimeProvider time)
    {
        (User, this.time) = (user, time);
        Completion = new(this);
        Current = new(""); // A place for notices until a room is joined.
        rooms.Add(Current);
    }

    public string User { get; }

    public int Columns { get; private set; } = 80;

    public int ScreenRows { get; private set; } = 24;

    /// <summary>The room on the screen.</summary>
    public Room Current { get; private set; }

    /// <summary>The rooms of the status line, in its order.</summary>
    public IReadOnlyList<Room> Rooms => rooms;

    /// <summary>The names of the rooms that the service has listed, for completion.</summary>
    public IReadOnlyList<string> KnownRooms { get; set; } = [];

    public ConnectionChanged Connection { get; set; } = new(ConnectionState.Connecting, null);

    public LineEditor Input { get; } = new();

    public InputHistory History { get; } = new();

    public Completion Completion { get; }

    /// <summary>What the next key might do, in the status line until that key; may be empty.</summary>
    public string Hint { get; set; } = "";

    public TimeZoneInfo Zone => time.LocalTimeZone;

    /// <summary>The number of unanswered messages in all rooms.</summary>
    public int Unanswered => rooms.Sum(room => room.Own.Unanswered);

    /// <summary>True if the user sees what arrives in this room.</summary>
    public bool IsSeen(Room room) => room == Current && room.Timeline.Anchor is null;

    // Two rows of the page before stay on the screen, for orientation.
    private int PageRows => Math.Max(1, View.CountConversationRows(this) - 2);

    private Scrolling Scrolling => new(Current.Timeline, node => View.CountRows(this, node));

    /// <summary>Asks the shell to do something.</summary>
    public void Request(Intent intent) => intents.Enqueue(intent);

    /// <summary>Takes the next request; false if there is none.</summary>
    public bool TryTakeIntent([NotNullWhen(true)] out Intent? intent) => intents.TryDequeue(out intent);

    /// <summary>The terminal has this size now. Sizes that no terminal has are corrected.</summary>
    public void Resize(int columns, int rows) =>
        (Columns, ScreenRows) = (Math.Clamp(columns, 4, 1000), Math.Clamp(rows, 2, 1000));

    public Room? Find(string name) => rooms.Find(room => room.Name == name);

    /// <summary>Finds a room, or adds it to the status line.</summary>
    public Room GetOrAdd(string name)
    {
        if (Find(name) is { } known)
        {
            return known;
        }

        var room = new Room(name);
        rooms.Add(room);
        return room;
    }

    /// <summary>Removes a room. Unsent text in it can be brought back from the history.</summary>
    public void Remove(Room room)
    {
        History.Keep(room.Draft);
        rooms.Remove(room);
    }

    /// <summary>Removes a room that was left, if another one can be shown.</summary>
    public void Forget(Room room)
    {
        if (room == Current && rooms.Find(one => one.State != RoomState.Left) is { } other)
        {
            Show(other);
        }
        else if (room != Current && room.Own.Unanswered == 0)
        {
            Remove(room);
        }
        else
        {
            Say($"you are not in {room.Name}");
        }
    }

    /// <summary>Quits; asks once before unsent text in another room is lost.</summary>
    public void Quit()
    {
        if (!hasAsked && rooms.Find(room => room != Current && !string.IsNullOrWhiteSpace(room.Draft)) is { } unsent)
        {
            hasAsked = true;
            Say($"there is unsent text in {unsent.Name}; quit again to drop it");
            return;
        }

        Request(new Quit());
    }

    /// <summary>Joins rooms in which the user was at the last start.</summary>
    public void Remember(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var room = GetOrAdd(name);
            room.New.LookAway();
            Join(room);
        }
    }

    /// <summary>Shows a room, and joins it if it is not joined.</summary>
    public void Open(string name)
    {
        var room = GetOrAdd(name);
        Join(room);
        Show(room);
    }

    /// <summary>
    /// Shows a room. One that was left and has no unanswered messages disappears when another is shown.
    /// </summary>
    public void Show(Room room)
    {
        if (room == Current)
        {
            return;
        }

        var before = Current;
        before.Draft = Input.Text;
        before.Timeline.Follow();
        before.New.LookAway();
        Current = room;
        room.LookAt();
        Input.Set(room.Draft);
        room.Draft = "";
        hasAsked = false;
        History.Leave();
        if (before.State == RoomState.Left && before.Own.Unanswered == 0)
        {
            Remove(before);
        }
    }

    /// <summary>Shows the room at an index, if there is one.</summary>
    public void ShowAt(int index)
    {
        if (index < rooms.Count)
        {
            Show(rooms[index]);
        }
    }

    /// <summary>Shows the next room, or for step -1 the one before.</summary>
    public void ShowNext(int step) => Show(rooms[(rooms.IndexOf(Current) + step + rooms.Count) % rooms.Count]);

    /// <summary>Shows a notice in the current room.</summary>
    public void Say(string text) => Current.Say(text);

    /// <summary>Scrolls up by a page.</summary>
    public void ScrollUp() => ScrollUp(PageRows, LoadOlder.PageSize);

    /// <summary>Scrolls up to the oldest message that is loaded, and loads some before it.</summary>
    public void ScrollToTop(int count) => ScrollUp(ushort.MaxValue, count);

    /// <summary>Scrolls up.</summary>
    /// <param name="rows">By how many rows.</param>
    /// <param name="count">
    /// If rows are missing, request so many older messages; then the rest is scrolled when they arrive.
    /// </param>
    public void ScrollUp(int rows, int count)
    {
        var missing = Scrolling.Up(rows, View.CountConversationRows(this));
        if (count == 0 || missing == 0 || Current.IsLoading || Current.OlderBefore is not { } before)
        {
            return;
        }

        (Current.IsLoading, Current.RowsToScroll) = (true, missing);
        Request(new LoadOlder(Current.Name, before, count));
    }

    /// <summary>Scrolls down by a page, and loads newer messages where some were dropped.</summary>
    public void ScrollDown()
    {
        var isBeforeHole = Scrolling.Down(PageRows);
        if (Current.Timeline.Anchor is null)
        {
            Current.Unread = 0;
        }

        if (!isBeforeHole || Current.IsLoading || Current.Timeline.PastEnd is not { } after)
        {
            return;
        }

        Current.IsLoading = true;
        Request(new LoadNewer(Current.Name, after));
    }

    /// <summary>Scrolls down to the newest message, and follows it.</summary>
    public void FollowNewest()
    {
        Current.Timeline.Follow();
        Current.Unread = 0;
    }

    private void Join(Room room)
    {
        if (room.State == RoomState.Left)
        {
            room.State = RoomState.Joining;
            Request(new JoinRoom(room.Name));
        }
    }
}
