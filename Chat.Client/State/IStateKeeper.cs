using System.Data.Common;

namespace GrpcChat.Client.State;

/// <summary>
/// Keeps the outbox and the positions, in memory or in a <see cref="ClientStateStore"/>. Changes happen in the order of
/// the calls. No member blocks or calls back, so that callers may hold their locks; what has happened,
/// <see cref="RunAsync"/> reports.
/// </summary>
internal interface IStateKeeper
{
    /// <summary>The messages that an earlier process left behind, by sequence.</summary>
    IReadOnlyList<StoredMessage> Messages { get; }

    /// <summary>The state outlives the process.</summary>
    bool IsDurable { get; }

    /// <summary>The caller runs within an effect, so that it must not wait for a write.</summary>
    bool IsInEffect { get; }

    /// <summary>The position in each room that has one.</summary>
    IReadOnlyList<StoredPosition> Positions { get; }

    /// <summary>The position in a room; null if none is known. One of an earlier process has epoch 0.</summary>
    Position? PositionOf(string room);

    /// <summary>Keeps a message. True if it is safe at once; otherwise <see cref="RunAsync"/> reports it.</summary>
    bool Append(StoredMessage message);

    /// <summary>
    /// Forgets a message. Nobody waits for this: after a crash, the message may be answered once more.
    /// </summary>
    void Remove(long sequence);

    /// <summary>Keeps the reason why a message was refused.</summary>
    void Refuse(long sequence, StoredRefusal refusal);

    /// <summary>Sets the position in a room, whether or not there was one.</summary>
    void Start(string room, Position position);

    /// <summary>Forgets the position in a room.</summary>
    void Forget(string room);

    /// <summary>
    /// Moves the position in a room forwards. Nobody waits for this: after a crash, the last messages may be delivered
    /// once more.
    /// </summary>
    void Move(string room, Position position);

    /// <summary>Moves the position in a room forwards; returns when that is kept.</summary>
    /// <returns>False if the position was there already, or the room is not joined.</returns>
    /// <exception cref="ChatStateException">
    /// It could not be kept, or the effect of an earlier message failed.
    /// </exception>
    Task<bool> MoveAsync(string room, Position position);

    /// <summary>
    /// The same, in one transaction with an effect of the application, which runs only if the position moves.
    /// </summary>
    Task<bool> MoveAsync(string room, Position position, Func<DbTransaction, Task> effect);

    /// <summary>Does the writing, until <see cref="Complete"/> has been called and everything is written.</summary>
    /// <param name="stored">Called for each appended message, in order: it is safe, or could not be kept.</param>
    /// <param name="writeFailed">Called with a message for people when writes fail that nobody waits for.</param>
    Task RunAsync(Action<StoredMessage, Exception?> stored, Action<string> writeFailed);

    /// <summary>No more calls follow.</summary>
    void Complete();

    /// <summary>Closes the store, after <see cref="RunAsync"/> has ended.</summary>
    void Close();
}
