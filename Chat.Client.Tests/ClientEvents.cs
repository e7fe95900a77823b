using GrpcChat.Client;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>
/// The events of a client. One is taken only when the test asks for it; all that were taken stay in the list.
/// </summary>
internal sealed class ClientEvents(ChatClient client) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<ChatEvent> events = client.ReadEventsAsync().GetAsyncEnumerator();
    private Task<bool> taking = Task.FromResult(true);

    public List<ChatEvent> All { get; } = [];

    public IEnumerable<ChatMessage> Messages => All.OfType<MessageReceived>().Select(received => received.Message);

    public IEnumerable<long> Ids(string room = "ops") =>
        Messages.Where(message => message.Room == room).Select(message => message.Id);

    /// <summary>Takes the next event; false if no more follow.</summary>
    public async Task<bool> TakeAsync()
    {
        taking = events.MoveNextAsync().AsTask();
        if (!await taking.Soon())
        {
            return false;
        }

        All.Add(events.Current);
        return true;
    }

    /// <summary>Takes events up to the next one of this type that satisfies the test.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool>? where = null)
        where T : ChatEvent
    {
        while (await TakeAsync())
        {
            if (All[^1] is T happened && (where is null || where(happened)))
            {
                return happened;
            }
        }

        throw new InvalidOperationException("The events ended before what the test waits for.");
    }

    /// <summary>Takes events until those taken so far satisfy the test.</summary>
    public async Task UntilAsync(Func<ClientEvents, bool> satisfied)
    {
        while (!satisfied(this))
        {
            Assert.True(await TakeAsync(), "The events ended before what the test waits for.");
        }
    }

    public Task<ConnectionChanged> StateAsync(ConnectionState state) => NextAsync<ConnectionChanged>(changed => changed.State == state);

    // If it still waits, the test has failed.
    public ValueTask DisposeAsync() => taking.IsCompleted ? events.DisposeAsync() : ValueTask.CompletedTask;
}

/// <summary>What the tests of the library share.</summary>
internal static class LibraryTests
{
    /// <summary>Options of a client that reconnects within milliseconds.</summary>
    public static ChatClientOptions Quick(string address, string user = "ann") => new()
    {
        Addresses = [address],
        User = user,
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(10),
        FlushTimeout = TimeSpan.Zero,
    };

    public static ChatClientOptions Quick(Uri address, string user = "ann") => Quick(address.ToString(), user);

    /// <summary>Waits as long as a test may.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(ChatCall.Deadline);

    public static Task Soon(this Task task) => task.WaitAsync(ChatCall.Deadline);
}

/// <summary>Makes the delays before a client comes back certain: 0 for none, 1 for the longest.</summary>
internal sealed class FixedRandom(double value) : Random
{
    public override double NextDouble() => value;
}
