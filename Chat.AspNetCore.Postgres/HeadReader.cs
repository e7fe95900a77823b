namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Reads the bounds of rooms: one query at a time, for everybody who has asked before it began. So a thousand clients that come back
/// cost two queries, and nobody gets bounds that are older than the question.
/// </summary>
internal sealed class HeadReader(PostgresReader reader)
{
    private readonly Lock gate = new();
    private Query? next;
    private Task running = Task.CompletedTask;

    /// <summary>The bounds of those of the rooms that exist.</summary>
    public async Task<IReadOnlyDictionary<string, SharedBounds>> ReadAsync(IEnumerable<string> rooms, CancellationToken cancellation)
    {
        Query query;
        lock (gate)
        {
            query = next ??= new Query();
            query.Rooms.UnionWith(rooms);
            if (running.IsCompleted)
            {
                running = Task.Run(RunAsync, CancellationToken.None);
            }
        }

        return await query.Answer.Task.WaitAsync(cancellation);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Query query;
            lock (gate)
            {
                if (next is null)
                {
                    // Under the lock, so that whoever asks next starts another run.
                    running = Task.CompletedTask;
                    return;
                }

                query = next;
                next = null;
            }

            try
            {
                // Nobody cancels it: others wait for the same answer.
                query.Answer.SetResult(await reader.ReadBoundsAsync(query.Rooms, CancellationToken.None));
            }
            catch (Exception error)
            {
                query.Answer.SetException(error);
            }
        }
    }

    private sealed class Query
    {
        public HashSet<string> Rooms { get; } = [];

        public TaskCompletionSource<Dictionary<string, SharedBounds>> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
