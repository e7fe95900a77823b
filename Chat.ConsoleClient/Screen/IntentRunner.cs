using System.Runtime.CompilerServices;
using System.Threading.Channels;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Does what the model requests of the client, and queues the results for the shell's loop.</summary>
internal sealed class IntentRunner(
    ChatClient client, ClientEventHandler events, ChannelWriter<Action> actions, CancellationToken stopping)
{
    /// <summary>How many messages a room shows when it is joined.</summary>
    public const int NewestAtFirst = 50;

    private readonly List<Task> running = [];

    /// <summary>Starts at once, so messages are enqueued in the order of the calls.</summary>
    public void Run(Intent intent) => running.Add(RunAsync(intent));

    /// <summary>Throws an unexpected error, so that it ends the shell.</summary>
    public void ThrowIfFailed()
    {
        running.Find(task => task.IsFaulted)?.GetAwaiter().GetResult();
        running.RemoveAll(task => task.IsCompleted);
    }

    /// <summary>Returns when everything has ended.</summary>
    public Task WhenAllAsync() => Task.WhenAll(running);

    private async Task RunAsync(Intent intent)
    {
        try
        {
            await RunOnClientAsync(intent);
        }
        catch (ChatRefusedException) when (intent is JoinRoom)
        {
            // An event says so, too.
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The shell ends.
        }
        catch (Exception error) when (error
            is ChatRefusedException or ChatStateException or ChatHaltedException or ChatCallException or ArgumentException)
        {
            await TryPostAsync(() => events.HandleFailure(intent, ErrorMessages.Describe(error)));
        }
    }

    private async Task RunOnClientAsync(Intent intent)
    {
        switch (intent)
        {
            case SendText send:
                var clientOffset = await client.EnqueueAsync(send.Room, send.Text, null, stopping);
                await TryPostAsync(() => events.HandleEnqueued(send, clientOffset));
                break;
            case JoinRoom join:
                await client.JoinAsync(join.Room, JoinFrom.Last(NewestAtFirst), stopping);
                break;
            case LeaveRoom leave:
                client.Leave(leave.Room);
                break;
            case LoadOlder older:
                var olderPage = await client.ReadHistoryAsync(older.Room, older.BeforeId, older.Count, stopping);
                await TryPostAsync(() => events.Handle(olderPage, older.Room));
                break;
            case LoadNewer newer:
                var newerPage = await client.ReadHistoryAfterAsync(newer.Room, newer.AfterId, LoadOlder.PageSize, stopping);
                await TryPostAsync(() => events.Handle(newerPage, newer.Room));
                break;
            case ListRooms list:
                var rooms = await client.ListRoomsAsync(stopping)
                    .Take(list.IsForUser ? int.MaxValue : ClientEventHandler.MaxKnownRooms).ToListAsync(stopping);
                await TryPostAsync(() => events.Handle(rooms, list.IsForUser));
                break;
            default:
                throw new SwitchExpressionException(intent);
        }
    }

    // A shell that ends takes no more results.
    private async Task TryPostAsync(Action action)
    {
        try
        {
            await actions.WriteAsync(action, stopping);
        }
        catch (OperationCanceledException)
        {
            // It ends.
        }
    }
}
