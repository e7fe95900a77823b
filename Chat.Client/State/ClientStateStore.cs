using System.Data.Common;

namespace GrpcChat.Client.State;

/// <summary>
/// A place where a client keeps its outbox and its positions when the process ends. Package GrpcChat.Client.Sqlite has
/// one that is a file; derive from this class to keep them elsewhere, for example in the database of the application.
/// </summary>
public abstract class ClientStateStore
{
    /// <summary>Opens the state of a client, and locks it until the result is disposed of.</summary>
    /// <param name="service"><see cref="ChatClientOptions.StateName"/>: the service that the state belongs to.</param>
    /// <param name="sender"><see cref="ChatClientOptions.User"/>: the sender that the state belongs to.</param>
    /// <exception cref="ChatStateException">
    /// The state is in use, damaged, or belongs to another service or sender. It was not changed.
    /// </exception>
    public abstract ClientState Open(string service, string sender);
}

/// <summary>The open state of one client. The client calls one member at a time.</summary>
public abstract class ClientState : IDisposable
{
    /// <summary>The messages that were stored when the state was opened, by sequence.</summary>
    public abstract IReadOnlyList<StoredMessage> Messages { get; }

    /// <summary>The positions that were stored when the state was opened.</summary>
    public abstract IReadOnlyList<StoredPosition> Positions { get; }

    /// <summary>Makes changes in one transaction; returns when they are on stable storage.</summary>
    /// <param name="changes">The changes, to be made in this order.</param>
    /// <param name="effect">
    /// What the application adds to the transaction, before the changes; null for nothing. If it throws, the
    /// transaction is rolled back and the exception is passed on as it is.
    /// </param>
    /// <exception cref="ChatStateException">
    /// The transaction could not be committed and was rolled back; or the store has no transaction for an effect.
    /// </exception>
    public abstract Task CommitAsync(IReadOnlyList<StateChange> changes, Func<DbTransaction, Task>? effect);

    /// <summary>Closes the state and unlocks it.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    /// <param name="disposing">False when called by a finalizer.</param>
    protected abstract void Dispose(bool disposing);
}
