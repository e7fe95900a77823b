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

    private readonly ChatClient client;
    private readonly ChatClientOptions options;
    private readonly Terminal terminal;
    private readonly Palette palette = new(Terminal.HasColours);
    private readonly ScreenModel model;
    private readonly KeyReader keys;
    private readonly ClientEventHandler events;
    private readonly SeenMessages seen;
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
        keys = new KeyReader(
            terminal, new(model, new(model)), actions.Writer, () => isOver = true, this.stopping);
        events = new ClientEventHandler(model);
        runner = new IntentRunner(client, events, actions.Writer, this.stopping);
        seen = new SeenMessages(client, failure => actions.Writer.TryWrite(() => model.Say(failure)));
    }

    /// <summary>
    /// Runs until the user quits; returns the exit code, or null if stdin or stdout is not a terminal.
    /// </summary>
    /// <param name="given">Which service to call, and as whom.</param>
    /// <param name="room">The room to show first.</param>
    /// <param name="isChosen">The user has named the room. If not, another one of the last start may be first.</param>
    /// <param name="output">For notices before and after the screen.</param>
    /// <param name="stopping">Cancelled when the process is interrupted.</param>
    public static async Task<int?> RunAsync(
        ChatClientOptions given, string room, bool isChosen, Output output, CancellationToken stopping)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected || OperatingSystem.IsWindows())
        {
            return null;
        }

        var options = given with
        {
            StateStore = given.StateStore ?? new SqliteStateStore(StatePaths.GetPath(given.Addresses, given.User)),
            FlushTimeout = TimeSpan.FromSeconds(5),
            CommitMode = CommitMode.Manual, // A message that arrives is not seen yet.
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
            await shell.RunAsync(room, isChosen);
        }

        if (client.OutboxCount is > 0 and var unsent)
        {
            output.Say($"{unsent} of your messages are not sent yet; "
                + $"they are kept in {options.StateStore} and sent when you start chat again");
        }

        return ExitCodes.Ok;
    }

    public void Dispose()
    {
        seen.Dispose();
        ending.Dispose();
    }

    private async Task RunAsync(string room, bool isChosen)
    {
        terminal.Changed += () => actions.Writer.TryWrite(Resize);
        Resize();
        foreach (var pending in client.GetPendingMessages())
        {
            events.Handle(pending);
        }

        string[] known = [.. client.GetPositions().Select(position => position.Room)];
        model.Remember(known);
        model.Open(isChosen || known.Length == 0 || known.Contains(room) ? room : known[0]);
        model.Say($"you are {options.User}; type /help for help");
        var listening = ListenAsync();
        keys.Start();

        // An unexpected error of the listener ends the shell, which would otherwise show a screen on which nothing
        // happens.
        for (RunIntents(); !isOver && !listening.IsFaulted; RunIntents())
        {
            terminal.Renderer.Paint(View.Compose(model, palette));
            seen.Note(model.IsSeen(model.Current) ? model.Current.Newest : null);
            await RunActionsAsync();
        }

        await ending.CancelAsync();
        await runner.WhenAllAsync();
        await listening;
        await seen.CompleteAsync();
    }

    // Runs all queued actions, but no more than the queue holds, so that the screen is painted once for all of them.
    private async Task RunActionsAsync()
    {
        try
        {
            if (keys.IsUndecided)
            {
                using var escapeTimeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                escapeTimeout.CancelAfter(KeyReader.EscapeTimeout);
                try
                {
                    await actions.Reader.WaitToReadAsync(escapeTimeout.Token);
                }
                catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
                {
                    keys.Settle();
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
                case Suspend:
                    JobControl.SuspendGroup(); // The terminal catches the signal.
                    break;
                default:
                    runner.Run(intent);
                    break;
            }
        }
    }

    private ValueTask PostAsync(Action action) => actions.Writer.WriteAsync(action, stopping);
}
