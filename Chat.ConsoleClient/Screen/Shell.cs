using System.Threading.Channels;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Runs the interactive chat. One loop owns the model and the terminal. Keys, events and results reach it through one
/// bounded queue; what the model requests is done outside the loop.
/// </summary>
internal sealed class Shell : IDisposable
{
    // At this limit, events wait in the client, which has a limit of its own.
    private const int MaxQueuedActions = 1024;

    // A terminal sends a sequence at once. An Escape that nothing follows within this time was the key.
    private static readonly TimeSpan EscapeTimeout = TimeSpan.FromMilliseconds(50);

    private readonly ChatClient client;
    private readonly ChatClientOptions options;
    private readonly Terminal terminal;
    private readonly Palette palette = new(Terminal.HasColours);
    private readonly KeyDecoder decoder = new();
    private readonly ScreenModel model;
    private readonly KeyHandler keys;
    private readonly ClientEventHandler events;
    private readonly IntentRunner runner;
    private readonly Channel<Action> actions =
        Channel.CreateBounded<Action>(new BoundedChannelOptions(MaxQueuedActions) { SingleReader = true });

    private readonly HashSet<string> filledRooms = [];
    private readonly CancellationTokenSource ending;
    private readonly CancellationToken stopping;
    private bool isOver;
    private bool hasAdvised;

    private Shell(ChatClient client, ChatClientOptions options, Terminal terminal, CancellationToken stopping)
    {
        this.client = client;
        this.options = options;
        this.terminal = terminal;
        ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        this.stopping = ending.Token;
        model = new ScreenModel(options.User, options.TimeProvider);
        keys = new KeyHandler(model, new InputHandler(model));
        events = new ClientEventHandler(model);
        runner = new IntentRunner(client, events, actions.Writer, this.stopping);
    }

    /// <summary>
    /// Runs until the user quits; returns the exit code, or null if stdin or stdout is not a terminal.
    /// </summary>
    /// <param name="given">Which service to call, and as whom.</param>
    /// <param name="room">The room to show first.</param>
    /// <param name="output">For notices before and after the screen.</param>
    /// <param name="stopping">Cancelled when the process is interrupted.</param>
    public static async Task<int?> RunAsync(
        ChatClientOptions given, string room, Output output, CancellationToken stopping)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected || OperatingSystem.IsWindows())
        {
            return null;
        }

        var options = given with
        {
            StateStore = given.StateStore ?? new SqliteStateStore(StatePaths.GetPath(given.Addresses[0], given.User)),
            FlushTimeout = TimeSpan.FromSeconds(5),
        };
        ChatClient opened;
        try
        {
            opened = ChatClient.Open(options);
        }
        catch (ChatStateException error) when (given.StateStore is null)
        {
            output.Say($"chat: {ErrorMessages.Describe(error)}");
            output.Say(error.InnerException is null
                ? "each user name can be active in only one terminal; choose another --user, or another file with --state"
                : StatePaths.Advice);
            return ExitCodes.State;
        }

        await using var client = opened;
        using (var terminal = Terminal.TryOpen())
        {
            if (terminal is null)
            {
                return null;
            }

            using var shell = new Shell(client, options, terminal, stopping);
            await shell.RunAsync(room);
        }

        if (client.OutboxCount is > 0 and var unsent)
        {
            output.Say($"{unsent} of your messages are not sent yet; "
                + $"they are kept in {options.StateStore} and sent when you start chat again");
        }

        return ExitCodes.Ok;
    }

    public void Dispose() => ending.Dispose();

    private async Task RunAsync(string room)
    {
        terminal.Changed += () => actions.Writer.TryWrite(Resize);
        Resize();
        foreach (var pending in client.GetPendingMessages())
        {
            events.Handle(pending);
        }

        model.Open(room);
        model.Say($"you are {options.User}; type /help for help");
        var listening = ListenAsync();
        new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();

        // An unexpected error of the listener ends the shell, which would otherwise show a screen on which nothing
        // happens.
        for (RunIntents(); !isOver && !listening.IsFaulted; RunIntents())
        {
            terminal.Renderer.Paint(View.Compose(model, palette));
            await RunActionsAsync();
        }

        await ending.CancelAsync();
        await runner.WhenAllAsync();
        await listening;
    }

    // Runs all queued actions, but no more than the queue holds, so that the screen is painted once for all of them.
    private async Task RunActionsAsync()
    {
        try
        {
            if (decoder.IsUndecided)
            {
                using var escapeTimeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                escapeTimeout.CancelAfter(EscapeTimeout);
                try
                {
                    await actions.Reader.WaitToReadAsync(escapeTimeout.Token);
                }
                catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
                {
                    HandleKeys(decoder.Settle);
                    return;
                }
            }

            await actions.Reader.WaitToReadAsync(stopping);
            for (var n = 0; n < MaxQueuedActions && actions.Reader.TryRead(out var action); n++)
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

    // On a thread of its own, because a read of a terminal cannot be cancelled. The thread ends with the process.
    private void ReadKeys()
    {
        var buffer = new byte[4096];
        try
        {
            while (terminal.Read(buffer) is > 0 and var length)
            {
                var bytes = buffer[..length];
                PostAsync(() => HandleKeys(found => decoder.Decode(bytes, found))).AsTask().GetAwaiter().GetResult();
            }

            PostAsync(() => isOver = true).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The terminal was closed, or the shell has ended.
            actions.Writer.TryWrite(() => isOver = true);
        }
    }

    private void HandleKeys(Action<ICollection<Key>> decode)
    {
        var found = new List<Key>();
        decode(found);
        foreach (var key in found)
        {
            keys.Handle(key);
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            await foreach (var chatEvent in client.ReadEventsAsync(stopping))
            {
                await PostAsync(() => Handle(chatEvent));
            }
        }
        catch (Exception error) when (error is ChatHaltedException or OperationCanceledException)
        {
            // Halted: the last event said so, and the screen shows it.
        }
    }

    private void Handle(ChatEvent chatEvent)
    {
        events.Handle(chatEvent);
        switch (chatEvent)
        {
            case ConnectionChanged { State: ConnectionState.Connected }:
                hasAdvised = true;
                break;
            case ConnectionChanged { Problem: { Kind: ProblemKind.Unreachable } problem } when !hasAdvised:
                // The row for problems is too short for the advice, and a user who has just started needs it.
                hasAdvised = true;
                model.Say(ErrorMessages.Describe(problem, options));
                break;
            case RoomCaughtUp caughtUp when filledRooms.Add(caughtUp.Room):
                FillScreen(caughtUp.Room);
                break;
        }
    }

    // A room that is joined after a known position shows only the messages since; older ones fill the screen.
    private void FillScreen(string name)
    {
        if (model.Find(name) is { OlderBefore: { } before, Timeline.Count: < IntentRunner.NewestAtFirst } room)
        {
            room.IsLoading = true;
            runner.Run(new LoadOlder(name, before));
        }
    }

    private void RunIntents()
    {
        runner.ThrowIfFailed();
        while (model.TryTakeIntent(out var intent))
        {
            switch (intent)
            {
                case Quit:
                    isOver = true;
                    break;
                case Repaint:
                    terminal.Renderer.Forget();
                    break;
                default:
                    runner.Run(intent);
                    break;
            }
        }
    }

    private ValueTask PostAsync(Action action) => actions.Writer.WriteAsync(action, stopping);
}
