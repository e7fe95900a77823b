using Chat.Client.Delivery;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>
/// Keeps the outbox and the positions. What is asked for happens in the order of the calls; nothing waits for the writes
/// that return nothing, and a process that dies may repeat them: an answered message is answered again, and a message is
/// handed out once more.
/// </summary>
internal interface IClientState : IAsyncDisposable
{
    /// <summary>The messages that an earlier process left behind, in order.</summary>
    IReadOnlyList<OutboxEntry> Kept { get; }

    /// <summary>Called for each message of <see cref="Append"/>, in order: it is kept, or could not be.</summary>
    void OnStored(Action<OutboxEntry, Exception?> stored);

    /// <summary>The position in a room; null = none is known. Its epoch is 0: it is older than all that is new.</summary>
    Position? PositionOf(string room);

    /// <summary>Keeps a message.</summary>
    void Append(OutboxEntry entry);

    /// <summary>Forgets a message.</summary>
    void Remove(OutboxEntry entry);

    /// <summary>Keeps why a message was refused.</summary>
    void Refuse(OutboxEntry entry);

    /// <summary>Sets the position in a room, wherever it was.</summary>
    void Start(string room, Position position);

    /// <summary>Forgets the position in a room.</summary>
    void Forget(string room);

    /// <summary>Moves the position in a room; it never moves back.</summary>
    void Move(string room, Position position);

    /// <summary>The same, and ends when that is kept. False = it was there already.</summary>
    /// <exception cref="ChatStateException">It can't be kept.</exception>
    Task<bool> MoveAsync(string room, Position position);

    /// <summary>The same, in one transaction with an effect of the application. False = it was there already.</summary>
    /// <exception cref="ChatStateException">It can't be kept.</exception>
    Task<bool> MoveAsync(string room, Position position, Func<SqliteConnection, SqliteTransaction, Task> effect);
}
