using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Chat.Client;
using Chat.Client.Sqlite;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// The interactive chat at work: one loop owns the model and the terminal. Keys, events and answers reach it through one
/// bounded queue; what the model wants done is done beside it.
/// </summary>
// It is long because it connects everything: the client, the terminal, the keys and the model. Each of them is elsewhere.
internal sealed class Shell
{
    // Events that wait for the loop; more wait in the client, which has a limit of its own.
    private const int MaxWaiting = 1024;
    private const int HistoryPage = 100;
    private const int NewestAtFirst = 50;

    // A terminal sends a sequence at once. An Escape that nothing follows within this time was the key.
    private static readonly TimeSpan EscapeTimeout = TimeSpan.FromMilliseconds(50);

    private readonly ChatClient client;
    private readonly ChatClientOptions options;
    private readonly Terminal terminal;
    private readonly ScreenModel model;
    private readonly Palette palette;
    private readonly CancellationToken stop;
    private readonly Channel<Action> waiting;
    private readonly KeyDecoder decoder = new();
    private readonly HashSet<string> filled = [];
    private readonly List<Task> working = [];
    private bool isOver;
    private bool knowsWhereToLook;

    private Shell(ChatClient client, ChatClientOptions options, Terminal terminal, ScreenModel model, Channel<Action> waiting, CancellationToken stop)
    {
        this.client = client;
        this.options = options;
        this.terminal = terminal;
        this.model = model;
        this.waiting = waiting;
        this.stop = stop;
        palette = new Palette(Terminal.HasColours);
    }

    /// <summary>Runs until the person leaves; null where there is no terminal to do that on.</summary>
    /// <param name="given">Whom to call, as whom.</param>
    /// <param name="room">The room to show first.</param>
    /// <param name="output">Where problems go before and after the screen.</param>
    /// <param name="stop">Set when the process is interrupted.</param>
    public static async Task<int?> RunAsync(
        ChatClientOptions given, string room, Output output, CancellationToken stop)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected || OperatingSystem.IsWindows())
        {
            return null;
        }

        var options = given with
        {
            StateStore = given.StateStore ?? new SqliteStateStore(StatePaths.Of(given.Addresses[0], given.User)),
            FlushTimeout = TimeSpan.FromSeconds(5),
        };
        ChatClient opened;
        try
        {
            opened = ChatClient.Open(options);
        }
        catch (ChatStateException error) when (given.StateStore is null)
        {
            output.Say($"chat: {error.Message}");
            output.Say("each user name can be active in only one terminal; choose another --user, or another file with --state");
            return ExitCodes.State;
        }

        await using var client = opened;
        var unanswered = 0;
        using (var ending = CancellationTokenSource.CreateLinkedTokenSource(stop))
        {
            var waiting = Channel.CreateBounded<Action>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
            var hasChanged = new Box<Action>(() => { });
            using var terminal = Terminal.TryOpen(() => hasChanged.Value());
            if (terminal is null)
            {
                return null;
            }

            var shell = new Shell(client, options, terminal, new ScreenModel(options.User, options.TimeProvider), waiting, ending.Token);
            hasChanged.Value = () => waiting.Writer.TryWrite(shell.Resize);
            await shell.RunAsync(room);
            await ending.CancelAsync();
            await Task.WhenAll(shell.working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            unanswered = client.OutboxCount;
        }

        if (unanswered > 0)
        {
            output.Say($"{unanswered} of your messages are not sent yet; they are kept in {options.StateStore} and sent when you start chat again");
        }

        return ExitCodes.Ok;
    }

    private async Task RunAsync(string room)
    {
        Resize();
        foreach (var kept in client.GetPendingMessages())
        {
            model.Take(kept);
        }

        model.Open(room);
        model.Say($"you are {options.User}; /help shows the commands");
        working.Add(ListenAsync());
        new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
        for (DoWhatIsWanted(); !isOver; DoWhatIsWanted())
        {
            terminal.Renderer.Paint(View.Compose(model, palette));
            await TakeWhatWaitsAsync();
        }
    }

    // Everything that waits, but no more than came in a moment: then the screen is painted once for all of it.
    private async Task TakeWhatWaitsAsync()
    {
        try
        {
            if (decoder.IsUndecided)
            {
                using var escapeTimeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
                escapeTimeout.CancelAfter(EscapeTimeout);
                try
                {
                    await waiting.Reader.WaitToReadAsync(escapeTimeout.Token);
                }
                catch (OperationCanceledException) when (!stop.IsCancellationRequested)
                {
                    Press(decoder.Settle);
                    return;
                }
            }

            await waiting.Reader.WaitToReadAsync(stop);
            for (var n = 0; n < MaxWaiting && waiting.Reader.TryRead(out var action); n++)
            {
                action();
            }
        }
        catch (OperationCanceledException)
        {
            isOver = true;
        }
    }

    private void Resize()
    {
        var (columns, rows) = Terminal.Size;
        model.Resize(columns, rows);
        terminal.Renderer.Forget();
    }

    // On a thread of its own, because reading a terminal can't be cancelled; it ends with the process.
    private void ReadKeys()
    {
        var buffer = new byte[4096];
        try
        {
            while (terminal.Read(buffer) is > 0 and var read)
            {
                var bytes = buffer[..read];
                Post(() => Press(keys => decoder.Decode(bytes, keys))).AsTask().GetAwaiter().GetResult();
            }

            Post(() => isOver = true).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The terminal is gone, or the shell is.
            waiting.Writer.TryWrite(() => isOver = true);
        }
    }

    private void Press(Action<ICollection<Key>> decode)
    {
        var keys = new List<Key>();
        decode(keys);
        foreach (var key in keys)
        {
            model.Take(key);
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            await foreach (var happened in client.ReadEventsAsync(stop))
            {
                await Post(() => Take(happened));
            }
        }
        catch (ChatHaltedException)
        {
            // The last event said so, and the screen shows it.
        }
    }

    private void Take(ChatEvent happened)
    {
        model.Take(happened);
        if (happened is ConnectionChanged { State: ConnectionState.Connected })
        {
            knowsWhereToLook = true;
        }
        else if (!knowsWhereToLook && happened is ConnectionChanged { Problem: { Kind: ProblemKind.Unreachable } problem })
        {
            // The row for problems is too short for that, and somebody who has just begun must know.
            knowsWhereToLook = true;
            model.Say(ErrorMessages.Of(problem, options)!);
        }

        // Who comes back gets what was missed; what was before that makes the screen whole.
        if (happened is RoomCaughtUp caughtUp && filled.Add(caughtUp.Room)
            && model.Rooms.FirstOrDefault(room => room.Name == caughtUp.Room) is { OlderBefore: { } before, Timeline.Count: < NewestAtFirst } room)
        {
            room.IsLoading = true;
            Do(new LoadOlder(room.Name, before));
        }
    }

    private void DoWhatIsWanted()
    {
        // A defect: it ends the shell instead of leaving a screen that says nothing more.
        working.Find(task => task.IsFaulted)?.GetAwaiter().GetResult();
        working.RemoveAll(task => task.IsCompleted);
        while (model.TryTakeIntent(out var intent))
        {
            Do(intent);
        }
    }

    private void Do(Intent intent)
    {
        switch (intent)
        {
            case Quit:
                isOver = true;
                break;
            case Repaint:
                terminal.Renderer.Forget();
                break;
            case LeaveRoom leave:
                client.Leave(leave.Room);
                break;
            default:
                working.Add(DoAsync(intent));
                break;
        }
    }

    // Begins at once and in this order, so that messages are enqueued in the order in which they were typed.
    private async Task DoAsync(Intent intent)
    {
        try
        {
            switch (intent)
            {
                case SendText send:
                    var key = await client.EnqueueAsync(send.Room, send.Text, null, stop);
                    await Post(() => model.Enqueued(send, key));
                    break;
                case JoinRoom join:
                    await client.JoinAsync(join.Room, JoinFrom.Last(NewestAtFirst), stop);
                    break;
                case LoadOlder older:
                    await ShowAsync(older.Room, client.ReadHistoryAsync(older.Room, older.BeforeId, HistoryPage, stop));
                    break;
                case LoadNewer newer:
                    await ShowAsync(newer.Room, client.ReadHistoryAfterAsync(newer.Room, newer.AfterId, HistoryPage, stop));
                    break;
                case ListRooms:
                    var rooms = new List<RoomInfo>();
                    await foreach (var room in client.ListRoomsAsync(stop))
                    {
                        rooms.Add(room);
                    }

                    await Post(() => model.Take(rooms));
                    break;
                default:
                    throw new SwitchExpressionException(intent);
            }
        }
        catch (ChatRefusedException) when (intent is JoinRoom)
        {
            // An event says so, too.
        }
        catch (Exception error) when (error is ChatRefusedException or ChatStateException or ChatHaltedException or ChatCallException or ArgumentException)
        {
            await Post(() => model.Failed(intent, ErrorMessages.Of(error)));
        }
    }

    private async Task ShowAsync(string room, Task<HistoryPage> reading)
    {
        var page = await reading;
        await Post(() => model.Take(page, room));
    }

    private ValueTask Post(Action action) => waiting.Writer.WriteAsync(action, stop);

    private sealed class Box<T>(T value)
    {
        public T Value { get; set; } = value;
    }
}
