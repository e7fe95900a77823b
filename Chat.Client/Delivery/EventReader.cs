using System.Runtime.CompilerServices;
using GrpcChat.Client.State;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// Hands the events to the application, one loop at a time, and notes which of them it has processed.
/// </summary>
internal sealed class EventReader(EventQueue events, Outbox outbox, IStateKeeper state, CommitMode commitMode)
{
    private int isRead;
    private ChatEvent? given;

    public async IAsyncEnumerable<ChatEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref isRead, 1) == 1)
        {
            throw new InvalidOperationException("another loop is reading the events; only one may do so at a time");
        }

        try
        {
            while (true)
            {
                // To ask for the next event says that the one before is processed, even if another loop was given that
                // one.
                if (Interlocked.Exchange(ref given, null) is { } processed)
                {
                    OnProcessed(processed);
                }

                if (await events.TakeAsync(cancellationToken).ConfigureAwait(false) is not { } happened)
                {
                    yield break;
                }

                if (happened is MessageReceived)
                {
                    ClientMetrics.Consumed.Add(1, ClientMetrics.System, ClientMetrics.Receive);
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

    private void OnProcessed(ChatEvent happened)
    {
        if (happened.Taken is RefusalTaken refused)
        {
            outbox.Forget(refused.Sequence, refused.Bytes);
        }
        else if (commitMode == CommitMode.Auto)
        {
            switch (happened)
            {
                case MessageReceived { Message: var message }:
                    state.Move(message.Room, new Position(message.Epoch, message.LogId, message.Id));
                    break;
                case { Taken: PositionTaken taken }:
                    state.Move(taken.Room, taken.Position);
                    break;
            }
        }
    }
}
