using System.Data.Common;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using GrpcChat.Client.Connecting;
using GrpcChat.Client.Delivery;
using GrpcChat.Client.State;
using GrpcChat.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GrpcChat.Client;

/// <summary>
/// A chat client. What it sends arrives once and in order, whatever happens to the connection; with a durable state,
/// also whatever happens to the process. It delivers every message of the joined rooms, in order. All members are
/// thread-safe.
/// </summary>
/// <remarks>
/// An effect that runs in <see cref="CommitAsync(ChatMessage, Func{DbTransaction, Task})"/> must not send, commit,
/// flush or dispose with the same client: these wait for the transaction that the effect belongs to, so they throw an
/// <see cref="InvalidOperationException"/>.
/// </remarks>
// Most lines of this file document the public API; what it does is in the parts that it owns.
public sealed class ChatClient : IChatClient, IAsyncDisposable, IDisposable
{
    private readonly ChatClientOptions options;
    private readonly ILogger logger;
    private readonly IStateKeeper state;
    private readonly EventQueue events;
    private readonly Outbox outbox;
    private readonly FollowedRooms rooms;
    private readonly Connection connection;
    private readonly EventReader reader;
    private readonly UnaryCalls calls;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock disposal = new();
    private Task writing = Task.CompletedTask;
    private Task running = Task.CompletedTask;
    private Task? disposing;

    // Each part is given the parts that it uses, all of which exist already; nothing runs before Start.
    private ChatClient(ChatClientOptions options, IStateKeeper state)
    {
        this.options = options;
        this.state = state;
        logger = options.LoggerFactory?.CreateLogger<ChatClient>() ?? NullLogger<ChatClient>.Instance;
        var wakeUp = new WakeSignal();
        events = new EventQueue(options.MaxQueuedEvents, options.MaxQueuedEventBytes, wakeUp);
        outbox = new Outbox(state, events, wakeUp, options);
        rooms = new FollowedRooms(state, events, wakeUp, options.TimeProvider);
        connection = new Connection(
            outbox, rooms, events, wakeUp, new LogChanges(state.Positions.Select(position => position.LogId)), options, logger);
        reader = new EventReader(events, outbox, state, options.CommitMode);
        calls = new UnaryCalls(options, () => connection.Node);
    }

    /// <summary>The state of the connection. Each change is also an event.</summary>
    public ConnectionChanged Connection => connection.Current;

    /// <summary>The number of messages without an answer.</summary>
    public int OutboxCount => outbox.Count;

    /// <summary>
    /// Opens the durable state, if there is one, and starts to connect; does not wait for the connection.
    /// </summary>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    /// <exception cref="ChatStateException">
    /// The durable state is in use, damaged, or belongs to another service or sender.
    /// </exception>
    public static ChatClient Open(ChatClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        IStateKeeper state = options.StateStore is { } store
            ? new DurableStateKeeper(store.Open(options.ServiceName, options.User), options)
            : new MemoryStateKeeper();
        try
        {
            var client = new ChatClient(options, state);
            client.Start();
            return client;
        }
        catch
        {
            state.Close();
            throw;
        }
    }

    /// <summary>Sends a message; returns when the service has stored it.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="text">1 to <see cref="ChatClientOptions.MaxTextBytes"/> bytes of UTF-8, without U+0000.</param>
    /// <param name="clientOffset">
    /// An idempotency key that the application chooses: 1 to 128 bytes of UTF-8 without control characters. For one
    /// room and sender, the service stores a message with this client offset once, however often and by whichever
    /// process it is sent. Null for a new, random one.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends the wait. If the message is in the outbox by then, it is sent all the same.
    /// </param>
    /// <exception cref="ArgumentException">The room, the text or the client offset is invalid.</exception>
    /// <exception cref="ChatRefusedException">
    /// The service refused the message, for example because its client offset was used with another text.
    /// </exception>
    /// <exception cref="ChatStateException">The message could not be kept, and is not sent.</exception>
    /// <exception cref="ChatHaltedException">
    /// The failure is permanent; the client will not reconnect. As after a cancellation or disposal, the message may
    /// have been stored: send it again with the same client offset.
    /// </exception>
    public async Task<SentMessage> SendAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default)
    {
        ThrowIfInEffect(nameof(SendAsync));
        ThrowIfInvalid(room, text, clientOffset);
        using var activity = ClientDiagnostics.StartSend(room);
        try
        {
            var entry = await outbox.PlaceAsync(room, text, clientOffset, wantsAnswer: true, cancellationToken)
                .ConfigureAwait(false);
            var sent = await AnswerAsync(entry, cancellationToken).ConfigureAwait(false);
            activity?.SetTag("messaging.message.id", sent.Id);
            connection.LinkFrom(activity);
            return sent;
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            throw;
        }
    }

    /// <summary>
    /// Puts a message into the outbox; returns when it is safe there, which with a durable state means on stable
    /// storage. The answer is an event. Messages of one room are stored in the order of the calls.
    /// </summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="text">As for <see cref="SendAsync"/>.</param>
    /// <param name="clientOffset">As for <see cref="SendAsync"/>.</param>
    /// <param name="cancellationToken">
    /// Ends the wait for space in the outbox. A message that has its place there is sent all the same.
    /// </param>
    /// <returns>The client offset that the message is sent with.</returns>
    /// <exception cref="ArgumentException">The room, the text or the client offset is invalid.</exception>
    /// <exception cref="ChatRefusedException">The outbox has this client offset with another text.</exception>
    /// <exception cref="ChatStateException">The message could not be kept, and is not sent.</exception>
    /// <exception cref="ChatHaltedException">The failure is permanent; the client will not reconnect.</exception>
    public async Task<string> EnqueueAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default)
    {
        ThrowIfInEffect(nameof(EnqueueAsync));
        ThrowIfInvalid(room, text, clientOffset);
        var entry = await outbox.PlaceAsync(room, text, clientOffset, wantsAnswer: false, cancellationToken)
            .ConfigureAwait(false);
        await entry.Stored.ConfigureAwait(false);
        return entry.ClientOffset;
    }

    /// <summary>Returns the messages without an answer, in the order in which they are sent.</summary>
    public IReadOnlyList<PendingMessage> GetPendingMessages() => outbox.Snapshot();

    /// <summary>
    /// Returns the position in each room that has one: the rooms that are joined, and with a durable state those that
    /// an earlier process had joined and not left.
    /// </summary>
    public IReadOnlyList<StoredPosition> GetPositions() => state.Positions;

    /// <summary>
    /// Returns when the service has answered every message that was sent or enqueued before this call. Messages that
    /// follow do not prolong the wait.
    /// </summary>
    /// <exception cref="ChatHaltedException">Some get no answer: the failure is permanent.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfInEffect(nameof(FlushAsync));
        return outbox.FlushAsync().WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Joins a room: after its position, if one is known, and otherwise where <paramref name="from"/> says. A room that
    /// is joined already stays as it is. The call takes effect at once; await it only to learn the service's answer.
    /// </summary>
    /// <param name="room">The room; it need not exist yet.</param>
    /// <param name="from">Where the room starts if no position is known; null for <see cref="JoinFrom.Start"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the room stays joined.</param>
    /// <exception cref="ArgumentException">The room name is invalid.</exception>
    /// <exception cref="ChatRefusedException">
    /// The service refused; a <see cref="RoomLeft"/> event says so, too.
    /// </exception>
    /// <exception cref="ChatHaltedException">The failure is permanent; the client will not reconnect.</exception>
    public Task JoinAsync(string room, JoinFrom? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentChecks.ThrowIfInvalidRoom(room);
        return rooms.Join(room, from ?? JoinFrom.Start).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Leaves a room and forgets the position in it, also if only an earlier process had joined it. A
    /// <see cref="RoomLeft"/> is the last event of a joined room.
    /// </summary>
    /// <returns>False if the room was not joined.</returns>
    public bool Leave(string room) => rooms.Leave(room);

    /// <summary>
    /// Reads what happens, in order; of each room, every message once. There is one sequence of events: only one loop
    /// may read it at a time, and the next loop continues where it stopped. It ends when the client is disposed of.
    /// </summary>
    /// <exception cref="ChatHaltedException">All events have been read, and the failure is permanent.</exception>
    public IAsyncEnumerable<ChatEvent> ReadEventsAsync(CancellationToken cancellationToken = default) =>
        reader.ReadAsync(cancellationToken);

    /// <summary>
    /// Moves the position to a message, past all messages before it; returns when the new position is kept. For a
    /// message whose effect failed, this skips the effect.
    /// </summary>
    /// <returns>False if the position was there already, or the room is not joined any more.</returns>
    /// <exception cref="ArgumentException">
    /// The message is from the history and not from <see cref="ReadEventsAsync"/>.
    /// </exception>
    /// <exception cref="ChatStateException">
    /// The position could not be kept, or the effect of an earlier message failed.
    /// </exception>
    public Task<bool> CommitAsync(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        ThrowIfInEffect(nameof(CommitAsync));
        return state.MoveAsync(message.Room, PositionOf(message));
    }

    /// <summary>
    /// Moves the position to a message in one transaction with an effect of the application: the effect happens exactly
    /// once, even if the process is killed at any moment. Package GrpcChat.Client.Sqlite has overloads for SQLite.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="effect">
    /// Writes with the transaction and its connection, and closes neither. If it throws, nothing has happened. Effects
    /// run one at a time, in the order of the calls, while nothing else is written. See the remarks on
    /// <see cref="ChatClient"/> for what an effect must not call.
    /// </param>
    /// <returns>False if the position was there already; the effect did not run.</returns>
    /// <exception cref="ArgumentException">
    /// The message is from the history and not from <see cref="ReadEventsAsync"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="ChatClientOptions.CommitMode"/> is not <see cref="CommitMode.Manual"/>.
    /// </exception>
    /// <exception cref="ChatStateException">
    /// There is no durable state; the transaction could not be committed; or the effect of an earlier message of the
    /// room failed, and that message must be committed first, with its effect or, to skip it, without.
    /// </exception>
    public Task<bool> CommitAsync(ChatMessage message, Func<DbTransaction, Task> effect)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(effect);
        ThrowIfInEffect(nameof(CommitAsync));
        if (options.CommitMode != CommitMode.Manual)
        {
            throw new InvalidOperationException(
                "reading the next event would move the position without the effect; set CommitMode to Manual");
        }

        return state.MoveAsync(message.Room, PositionOf(message), effect);
    }

    /// <summary>Reads the newest messages of a room, or the ones directly before a message.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="before">Messages before this id; null for the newest.</param>
    /// <param name="count">The maximum number of messages, 1 to 1000. A page also ends at 1 MiB.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ChatCallException">The service refused, or did not answer in time.</exception>
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

    /// <summary>Reads the messages of a room that follow a message.</summary>
    /// <param name="room">The room, which need not be joined.</param>
    /// <param name="after">Messages after this id; 0 for the oldest.</param>
    /// <param name="count">The maximum number of messages, 1 to 1000. A page also ends at 1 MiB.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ChatCallException">The service refused, or did not answer in time.</exception>
    public Task<HistoryPage> ReadHistoryAfterAsync(
        string room, long after, int count = 100, CancellationToken cancellationToken = default)
    {
        var request = Page(room, count);
        request.AfterId = after;
        return calls.ListMessagesAsync(request, cancellationToken);
    }

    /// <summary>Lists the rooms that have messages, by name.</summary>
    /// <exception cref="ChatCallException">The service refused, or did not answer in time.</exception>
    public async IAsyncEnumerable<RoomInfo> ListRoomsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
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
    /// <exception cref="ChatCallException">The service did not answer in time.</exception>
    public Task<bool> IsServingAsync(CancellationToken cancellationToken = default) =>
        calls.IsServingAsync(UnaryCalls.WholeService, cancellationToken);

    /// <summary>Asks the service whether it can deliver what it has stored now.</summary>
    /// <exception cref="ChatCallException">The service did not answer in time.</exception>
    public Task<bool> CanReadAsync(CancellationToken cancellationToken = default) =>
        calls.IsServingAsync(UnaryCalls.Reading, cancellationToken);

    /// <summary>Asks the service whether it can store messages now.</summary>
    /// <exception cref="ChatCallException">The service did not answer in time.</exception>
    public Task<bool> CanSendAsync(CancellationToken cancellationToken = default) =>
        calls.IsServingAsync(UnaryCalls.Writing, cancellationToken);

    /// <summary>
    /// Waits for outstanding answers, at most <see cref="ChatClientOptions.FlushTimeout"/>, and closes the client. With
    /// a durable state and no connection, it does not wait: the state keeps the messages, and the next process sends
    /// them.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        ThrowIfInEffect(nameof(DisposeAsync));
        lock (disposal)
        {
            return new ValueTask(disposing ??= Task.Run(CloseAsync));
        }
    }

    /// <summary>
    /// Does the same as <see cref="DisposeAsync"/>, and blocks the thread meanwhile; prefer <see cref="DisposeAsync"/>.
    /// </summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static Position PositionOf(ChatMessage message) => message.Epoch >= 0
        ? new(message.Epoch, message.LogId, message.Id)
        : throw new ArgumentException(
            "only a message from ReadEventsAsync can be committed; this one is from the history", nameof(message));

    private static ListMessagesRequest Page(string room, int count)
    {
        ArgumentChecks.ThrowIfInvalidRoom(room);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1000);
        return new ListMessagesRequest { Room = room, PageSize = count };
    }

    private void ThrowIfInvalid(string room, string text, string? clientOffset)
    {
        ArgumentChecks.ThrowIfInvalidRoom(room);
        ArgumentChecks.ThrowIfInvalidText(text, options.MaxTextBytes);
        ArgumentChecks.ThrowIfInvalidOffset(clientOffset);
    }

    private void ThrowIfInEffect(string method)
    {
        if (state.IsInEffect)
        {
            throw new InvalidOperationException(
                $"an effect must not call {method} of its own client, because that would wait for the effect's own "
                    + "transaction; call it after CommitAsync has returned");
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
            // The answer was first, and is not an event.
            return await entry.Answer!.Task.ConfigureAwait(false);
        }
    }

    private void Start()
    {
        writing = Task.Run(() => state.RunAsync(outbox.OnStored, OnStateWriteFailed));
        running = Task.Run(RunAsync);
    }

    private void OnStateWriteFailed(string message)
    {
        logger.StateWriteFailed(message);
        events.AddNewest(new StateWriteFailed(message), "");
    }

    private async Task RunAsync()
    {
        var connecting = connection.RunAsync(stopping.Token);
        try
        {
            // The state is written until the client is closed, so it ends first only because of a defect.
            await (await Task.WhenAny(connecting, writing).ConfigureAwait(false)).ConfigureAwait(false);
            if (await connecting.ConfigureAwait(false) is { } problem)
            {
                Close(new ChatHaltedException(problem));
            }
        }
        catch (Exception error)
        {
            // A defect: nobody must wait for ever because of it.
            logger.UnhandledException(error);
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var problem = connection.Halt(
                ProblemKind.ClientDefect,
                $"unhandled exception in the client, which has stopped: {error.Message}; please report it");
            Close(new ChatHaltedException(problem, error));
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
        outbox.Shut(new ObjectDisposedException(nameof(ChatClient)));
        if (!state.IsDurable || Connection.State == ConnectionState.Connected)
        {
            var flushed = outbox.FlushAsync();
            await Task.WhenAny(flushed, running, Task.Delay(options.FlushTimeout, options.TimeProvider))
                .ConfigureAwait(false);
            _ = flushed.Exception; // Everybody who waits is told.
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        connection.Close();
        Close(null);
        state.Complete();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // A defect of it has been reported.
        state.Close();
        stopping.Dispose();
    }
}
