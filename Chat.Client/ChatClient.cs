using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Chat.Client.Connecting;
using Chat.Client.Delivery;
using Chat.Client.State;
using Chat.V1;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Client;

/// <summary>
/// A client of the chat. What it is given to send arrives once and in order, whatever happens to the connection, and with a
/// state file also whatever happens to the process; it hands out every message of the joined rooms, in order.
/// All members may be called from any thread.
/// </summary>
public sealed class ChatClient : IAsyncDisposable
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ChatClientOptions options;
    private readonly ILogger logger;
    private readonly WakeSignal wakeUp = new();
    private readonly EventQueue events;
    private readonly IClientState state;
    private readonly Outbox outbox;
    private readonly FollowedRooms rooms;
    private readonly Connection connection;
    private readonly UnaryCalls calls;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;
    private int isRead;
    private ChatEvent? given;
    private Task? disposing;

    private ChatClient(ChatClientOptions options)
    {
        this.options = options;
        logger = options.LoggerFactory?.CreateLogger<ChatClient>() ?? NullLogger<ChatClient>.Instance;
        events = new EventQueue(options.MaxQueuedEvents, options.MaxQueuedEventBytes, drained: () => rooms?.GoOn());
        state = options.StatePath is null ? new MemoryState() : SqliteState.Open(options, OnStateNotWritten);
        var kept = state.Kept;
        rooms = new FollowedRooms(state, events, options.TimeProvider);
        rooms.OnChange(wakeUp.Set);
        outbox = new Outbox(state, kept, wakeUp.Set, options);
        state.OnStored(outbox.OnStored);
        foreach (var refused in kept.Where(entry => entry.Refusal is not null))
        {
            events.Add(refused.ToRefused());
        }

        connection = new Connection(outbox, rooms, events, wakeUp, options, logger);
        calls = new UnaryCalls(options);
        running = Task.Run(RunAsync);
    }

    /// <summary>Where the connection stands now; each change is an event, too.</summary>
    public ConnectionChanged Connection => connection.Current;

    /// <summary>Messages without an answer.</summary>
    public int OutboxCount => outbox.Count;

    /// <summary>Opens the state file, if there is one, and begins to connect; returns before that is done.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="ChatStateException">The state file can't be used: it is damaged, in use, or another's.</exception>
    public static ChatClient Open(ChatClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new ChatClient(options);
    }

    /// <summary>Sends a message; returns when the service has stored it.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="text">1 to <see cref="ChatClientOptions.MaxTextBytes"/> bytes of UTF-8, without U+0000.</param>
    /// <param name="clientOffset">
    /// A key of the application's own, 1 to 128 bytes without controls: for one room and sender, a message with this key is
    /// stored once, however often it is sent, also by another process. Null = a new one.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting. A message that has its place in the outbox is sent all the same.</param>
    /// <exception cref="ArgumentException">The room, text or key has not the form that it must have.</exception>
    /// <exception cref="ChatRefusedException">The service does not store it; the same key had another text, for one.</exception>
    /// <exception cref="ChatStateException">It could not be kept, and is not sent.</exception>
    /// <exception cref="ChatHaltedException">
    /// Coming back to the service is of no use. As after a cancellation or the end of the client, the message may be stored: send
    /// it again with the same key.
    /// </exception>
    public async Task<SentMessage> SendAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default)
    {
        CheckSend(room, text, clientOffset);
        using var activity = ClientDiagnostics.Source.StartActivity($"send {room}", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "grpcchat")
            .SetTag("messaging.operation.name", "send")
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.destination.name", room);
        try
        {
            var entry = await outbox.PlaceAsync(room, text, clientOffset, wantsAnswer: true, cancellationToken).ConfigureAwait(false);
            var sent = await AnswerAsync(entry, cancellationToken).ConfigureAwait(false);
            activity?.SetTag("messaging.message.id", sent.Id);
            return sent;
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            throw;
        }
    }

    /// <summary>
    /// Gives a message to the outbox; returns when it is safely there, which with a state file is on the disk. Its answer
    /// comes as an event. Messages of one room are stored in the order of the calls.
    /// </summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="text">As for <see cref="SendAsync"/>.</param>
    /// <param name="clientOffset">As for <see cref="SendAsync"/>.</param>
    /// <param name="cancellationToken">Ends the waiting for space; a message that has its place keeps it.</param>
    /// <returns>The key under which it is sent.</returns>
    /// <exception cref="ArgumentException">The room, text or key has not the form that it must have.</exception>
    /// <exception cref="ChatRefusedException">The key waits in the outbox with another text.</exception>
    /// <exception cref="ChatStateException">It could not be kept, and is not sent.</exception>
    /// <exception cref="ChatHaltedException">Coming back to the service is of no use.</exception>
    public async Task<string> EnqueueAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default)
    {
        CheckSend(room, text, clientOffset);
        var entry = await outbox.PlaceAsync(room, text, clientOffset, wantsAnswer: false, cancellationToken).ConfigureAwait(false);
        await entry.Stored.ConfigureAwait(false);
        return entry.ClientOffset;
    }

    /// <summary>The messages without an answer, in the order in which they are sent.</summary>
    public IReadOnlyList<PendingMessage> GetPendingMessages() => outbox.Snapshot();

    /// <summary>Returns when no message is without an answer.</summary>
    /// <exception cref="ChatHaltedException">Some will have none, because coming back is of no use.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) => outbox.WhenEmptyAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Follows a room from now on: after its position, where one is known, and otherwise from where <paramref name="from"/>
    /// says. A room that is joined already stays as it is. The call takes effect at once; only to know the service's answer
    /// it need be awaited.
    /// </summary>
    /// <param name="room">The room; it need not exist yet.</param>
    /// <param name="from">Where it begins; null = <see cref="JoinFrom.Start"/>.</param>
    /// <param name="cancellationToken">Ends the waiting, and not the joining.</param>
    /// <exception cref="ArgumentException">That is no room's name.</exception>
    /// <exception cref="ChatRefusedException">The service refuses; a <see cref="RoomLeft"/> says so, too.</exception>
    /// <exception cref="ChatHaltedException">Coming back to the service is of no use.</exception>
    public Task JoinAsync(string room, JoinFrom? from = null, CancellationToken cancellationToken = default)
    {
        CheckRoom(room);
        return rooms.Join(room, from ?? JoinFrom.Start).WaitAsync(cancellationToken);
    }

    /// <summary>Follows a room no more, and forgets the position in it. A <see cref="RoomLeft"/> is its last event.</summary>
    /// <returns>False = it was not joined.</returns>
    public bool Leave(string room) => rooms.Leave(room);

    /// <summary>
    /// What happens, in order: per room every message once, each after the one before it. There is one sequence: one loop at a
    /// time may read it, and a second one goes on where the first has stopped. It ends when the client is disposed of.
    /// </summary>
    /// <exception cref="ChatHaltedException">Coming back to the service is of no use, and all events have been read.</exception>
    public async IAsyncEnumerable<ChatEvent> ReadEventsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref isRead, 1) == 1)
        {
            throw new InvalidOperationException("The events are being read by another loop.");
        }

        try
        {
            while (true)
            {
                // Asking for the next one says that the one before is done, also where another loop was given that.
                if (Interlocked.Exchange(ref given, null) is { } done)
                {
                    OnTaken(done);
                }

                if (await events.TakeAsync(cancellationToken).ConfigureAwait(false) is not { } happened)
                {
                    yield break;
                }

                given = happened;
                yield return happened;
            }
        }
        finally
        {
            Volatile.Write(ref isRead, 0);
        }
    }

    /// <summary>
    /// Moves the position to a message, and with it past all before it; returns when that is kept. To a message whose effect
    /// has failed, it skips the effect.
    /// </summary>
    /// <returns>False = the position was there already, or the room is not joined any more.</returns>
    /// <exception cref="ArgumentException">The message comes from the history, and not from <see cref="ReadEventsAsync"/>.</exception>
    /// <exception cref="ChatStateException">It could not be kept, or an effect before it has failed.</exception>
    public Task<bool> CommitAsync(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return state.MoveAsync(message.Room, PositionOf(message));
    }

    /// <summary>
    /// Moves the position to a message in one transaction with an effect of the application, in tables of its own in the
    /// state file: the effect happens exactly once, also when the process dies at any moment.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="effect">
    /// Writes with the connection and the transaction, and ends neither. Where it throws, nothing has happened. Table names
    /// that begin with <c>chat_</c> are the client's.
    /// </param>
    /// <returns>False = the position was there already, so that the effect was not run.</returns>
    /// <exception cref="ArgumentException">The message comes from the history, and not from <see cref="ReadEventsAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="ChatClientOptions.CommitMode"/> is not <see cref="CommitMode.Manual"/>.
    /// </exception>
    /// <exception cref="ChatStateException">
    /// There is no state file, or the effect of an earlier message of the room has failed: the position does not pass it until
    /// that one is acked, with its effect or, to skip it, without.
    /// </exception>
    /// <exception cref="SqliteException">The transaction could not be committed; nothing has happened.</exception>
    public Task<bool> CommitAsync(ChatMessage message, Func<SqliteConnection, SqliteTransaction, Task> effect)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(effect);
        if (options.CommitMode != CommitMode.Manual)
        {
            throw new InvalidOperationException(
                "taking the next event would move the position without the effect; set CommitMode to Manual");
        }

        return state.MoveAsync(message.Room, PositionOf(message), effect);
    }

    /// <inheritdoc cref="CommitAsync(ChatMessage, Func{SqliteConnection, SqliteTransaction, Task})"/>
    public Task<bool> CommitAsync(ChatMessage message, Action<SqliteConnection, SqliteTransaction> effect)
    {
        ArgumentNullException.ThrowIfNull(effect);
        return CommitAsync(message, (connection, transaction) =>
        {
            effect(connection, transaction);
            return Task.CompletedTask;
        });
    }

    /// <summary>The newest messages of a room, or those nearest before one.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="before">The messages before this id; null = the newest.</param>
    /// <param name="count">At most so many, 1 to 1000. A page also ends at 1 MiB.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ChatCallException">The service refuses, or has not answered in time.</exception>
    public Task<HistoryPage> ReadHistoryAsync(
        string room, long? before = null, int count = 100, CancellationToken cancellationToken = default)
    {
        var request = Page(room, count);
        if (before is { } id)
        {
            request.BeforeId = id;
        }

        return calls.ListMessagesAsync(request, cancellationToken);
    }

    /// <summary>The messages of a room that follow one.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="after">The messages after this id; 0 = from the oldest.</param>
    /// <param name="count">At most so many, 1 to 1000. A page also ends at 1 MiB.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ChatCallException">The service refuses, or has not answered in time.</exception>
    public Task<HistoryPage> ReadHistoryAfterAsync(
        string room, long after, int count = 100, CancellationToken cancellationToken = default)
    {
        var request = Page(room, count);
        request.AfterId = after;
        return calls.ListMessagesAsync(request, cancellationToken);
    }

    /// <summary>The rooms in which somebody has written, by name.</summary>
    /// <exception cref="ChatCallException">The service refuses, or has not answered in time.</exception>
    public async IAsyncEnumerable<RoomInfo> ListRoomsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListRoomsRequest { PageSize = 1000 };
        do
        {
            var page = await calls.ListRoomsAsync(request, cancellationToken).ConfigureAwait(false);
            foreach (var room in page.Rooms)
            {
                yield return new RoomInfo(room.Name, room.HeadId, room.LastMessageAt.ToTime());
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>Asks the service whether it can store and deliver messages now.</summary>
    /// <exception cref="ChatCallException">The service has not answered in time.</exception>
    public Task<bool> IsServingAsync(CancellationToken cancellationToken = default) => calls.IsServingAsync(cancellationToken);

    /// <summary>
    /// Waits for the answers that are missing, at most <see cref="ChatClientOptions.FlushTimeout"/>, and ends. Where there is a
    /// state file and no connection, nothing is waited for: the messages are kept, and the next process sends them.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        lock (stopping)
        {
            return new ValueTask(disposing ??= CloseAsync());
        }
    }

    private static Position PositionOf(ChatMessage message) => message.Epoch >= 0
        ? new(message.Epoch, message.LogId, message.Id)
        : throw new ArgumentException("only a message that ReadEventsAsync has handed out moves a position", nameof(message));

    private static void CheckRoom(string room)
    {
        ArgumentNullException.ThrowIfNull(room);
        if (!Names.IsRoom(room))
        {
            throw new ArgumentException($"'{room}' is no room name: {Names.RoomForm}", nameof(room));
        }
    }

    private static ListMessagesRequest Page(string room, int count)
    {
        CheckRoom(room);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1000);
        return new ListMessagesRequest { Room = room, PageSize = count };
    }

    private void CheckSend(string room, string text, string? clientOffset)
    {
        CheckRoom(room);
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            throw new ArgumentException("the text is empty", nameof(text));
        }

        if (text.Contains('\0'))
        {
            throw new ArgumentException("the text has a U+0000, which cannot be stored", nameof(text));
        }

        if (text.Length > options.MaxTextBytes || BytesOf(text) > options.MaxTextBytes)
        {
            throw new ArgumentException(
                $"the text has {Encoding.UTF8.GetByteCount(text)} bytes, and may have {options.MaxTextBytes}", nameof(text));
        }

        if (clientOffset is not null && !Names.IsClientOffset(clientOffset))
        {
            throw new ArgumentException($"'{Names.Truncate(clientOffset)}' is not a valid client offset: {Names.ClientOffsetForm}", nameof(clientOffset));
        }
    }

    private static int BytesOf(string text)
    {
        try
        {
            return StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException("the text has half a surrogate pair, which is no character", nameof(text));
        }
    }

    private async Task<SentMessage> AnswerAsync(OutboxEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await entry.Stored.WaitAsync(cancellationToken).ConfigureAwait(false);
            return await entry.Answer!.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!outbox.Abandon(entry))
        {
            // The answer came first, and nobody else will be told of it.
            return await entry.Answer!.Task.ConfigureAwait(false);
        }
    }

    private void OnTaken(ChatEvent happened)
    {
        if (happened.Taken is RefusalTaken refused)
        {
            outbox.Forget(refused.Entry);
        }
        else if (options.CommitMode == CommitMode.Auto)
        {
            switch (happened)
            {
                case MessageReceived { Message: var message }:
                    state.Move(message.Room, PositionOf(message));
                    break;
                case { Taken: PositionTaken taken }:
                    state.Move(taken.Room, taken.Position);
                    break;
            }
        }
    }

    private void OnStateNotWritten(string message)
    {
        logger.StateWriteFailed(message);
        events.AddNewest(new StateWriteFailed(message), "");
    }

    private async Task RunAsync()
    {
        try
        {
            if (await connection.RunAsync(stopping.Token).ConfigureAwait(false) is { } problem)
            {
                Close(new ChatHaltedException(problem));
            }
        }
        catch (Exception error)
        {
            // A defect of the client's own: nobody may wait for ever because of it.
            logger.Unexpected(error);
            Close(error);
        }
    }

    private void Close(Exception? error)
    {
        var reason = error ?? new ObjectDisposedException(nameof(ChatClient));
        outbox.Close(reason);
        rooms.Close(reason);
        events.Complete(error);
    }

    private async Task CloseAsync()
    {
        // The disposing is not the caller's thread's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        outbox.Shut(new ObjectDisposedException(nameof(ChatClient)));
        if (options.StatePath is null || Connection.State == ConnectionState.Connected)
        {
            var flushed = outbox.WhenEmptyAsync();
            await Task.WhenAny(flushed, running, Task.Delay(options.FlushTimeout, options.TimeProvider)).ConfigureAwait(false);
            _ = flushed.Exception; // Those who wait are told themselves.
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        connection.Close();
        Close(null);
        await state.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
    }
}
