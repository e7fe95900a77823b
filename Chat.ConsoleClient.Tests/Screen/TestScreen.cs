using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>A screen of 80 × 24 for the user mira, in the room lobby, at 09:14 on 15 July 2026.</summary>
internal sealed class TestScreen
{
    public static readonly DateTimeOffset Now = new(2026, 7, 15, 9, 14, 0, TimeSpan.Zero);
    private static readonly Palette Palette = new(hasColours: false);

    public TestScreen(int columns = 80, int rows = 24, string? room = "lobby", long afterId = 0)
    {
        Model = new("mira", Clock);
        Keys = new(Model, new InputHandler(Model));
        Events = new(Model);
        Model.Resize(columns, rows);
        if (room is null)
        {
            return;
        }

        Join(room, afterId);
        Events.Handle(new ConnectionChanged(ConnectionState.Connected, null));
    }

    public ScreenModel Model { get; }

    public KeyHandler Keys { get; }

    public ClientEventHandler Events { get; }

    public Time Clock { get; } = new();

    public string Line => Model.Input.Text.Insert(Model.Input.Cursor, "|");

    /// <summary>All rows as a person sees them, without blanks at their ends.</summary>
    public string[] Rows => [.. Frame.Rows.Select(Visible)];

    public string Status => StatusOf(Rows);

    /// <summary>The rows above the status line that are not blank.</summary>
    public string[] Shown
    {
        get
        {
            var (rows, status) = (Rows, Status);
            return [.. rows.TakeWhile(row => row != status).Where(row => row.Length > 0)];
        }
    }

    public Frame Frame => View.Compose(Model, Palette);

    private static string StatusOf(string[] rows) => rows.Last(row => row.StartsWith(" ●", StringComparison.Ordinal)
        || row.StartsWith(" ○", StringComparison.Ordinal) || row.StartsWith(" ■", StringComparison.Ordinal));

    public static string Visible(Cell[] row) => string.Concat(row.Select(cell => cell.Text)).TrimEnd();

    public TestScreen Join(string room, long afterId = 0)
    {
        Model.Open(room);
        Intents();
        return Take(new RoomJoined(room, "log", afterId, 1, afterId)).Take(new RoomCaughtUp(room, afterId));
    }

    public TestScreen Receive(
        long id, string text, string sender = "alice", string room = "lobby", string? clientOffset = null, DateTimeOffset? at = null)
    {
        Events.Handle(new MessageReceived(Message(id, text, sender, room, clientOffset, at)));
        return this;
    }

    public static ChatMessage Message(
        long id, string text, string sender = "alice", string room = "lobby", string? clientOffset = null, DateTimeOffset? at = null) =>
        new(room, id, sender, text, at ?? Now, clientOffset ?? $"{room}-{id}", IsErased: false, "log");

    public static HistoryPage Page(long from, long to, long oldest = 1, string log = "log") => new(
        [.. Enumerable.Range((int)from, (int)(to - from + 1)).Select(id => Message(id, $"message {id}") with { LogId = log })],
        log,
        oldest,
        10_000);

    public TestScreen Press(params Key[] keys)
    {
        foreach (var key in keys)
        {
            Keys.Handle(key);
        }

        return this;
    }

    public TestScreen Press(KeyName name, int times = 1) => Press([.. Enumerable.Repeat(new Key(name), times)]);

    public TestScreen Type(string text) => Press([.. text.EnumerateRunes().Select(rune => Key.Typed(rune.ToString()))]);

    public TestScreen Enter(string text) => Type(text).Press(KeyName.Enter);

    /// <summary>
    /// Takes the requests of the model, without those for the names of rooms while <c>/join</c> is typed.
    /// </summary>
    public List<Intent> Intents() => [.. AllIntents().Where(intent => intent is not ListRooms { IsForUser: false })];

    /// <summary>Takes all requests of the model.</summary>
    public List<Intent> AllIntents()
    {
        var intents = new List<Intent>();
        while (Model.TryTakeIntent(out var intent))
        {
            intents.Add(intent);
        }

        return intents;
    }

    /// <summary>Sends a text; the outbox gives it this client offset.</summary>
    public TestScreen Send(string text, string clientOffset)
    {
        Enter(text);
        Events.HandleEnqueued((SendText)Intents().Single(), clientOffset);
        return this;
    }

    public TestScreen Take(ChatEvent chatEvent)
    {
        Events.Handle(chatEvent);
        return this;
    }

    internal sealed class Time : TimeProvider
    {
        public DateTimeOffset Utc { get; set; } = Now;

        public TimeZoneInfo Zone { get; set; } = TimeZoneInfo.Utc;

        public override TimeZoneInfo LocalTimeZone => Zone;

        public override DateTimeOffset GetUtcNow() => Utc;
    }
}
