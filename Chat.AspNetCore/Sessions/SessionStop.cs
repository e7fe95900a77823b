namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// The service's decision to end a session: what has been read is still answered, and the client is told why. The first
/// reason stays.
/// </summary>
internal sealed class SessionStop : IDisposable
{
    private readonly CancellationTokenSource requested = new();
    private readonly Lock gate = new();

    /// <summary>Why the session has to end. Null = it goes on.</summary>
    public SessionEndReason? Reason
    {
        get
        {
            lock (gate)
            {
                return field;
            }
        }

        private set;
    }

    /// <summary>Fires when the session has to end: no more requests are read.</summary>
    public CancellationToken Requested => requested.Token;

    /// <summary>Ends the session. The caller wakes it.</summary>
    public void Request(SessionEndReason reason)
    {
        lock (gate)
        {
            Reason ??= reason;
        }

        requested.Cancel();
    }

    public void Dispose() => requested.Dispose();
}
