using System.Text;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// One standby. It may be behind, be promoted, follow another primary or not answer, at any moment and without a word. So each
/// page comes with what it depends on, seen by the same query: it counts only if it has what the node knows to be committed.
/// </summary>
internal sealed class ReadReplica : IAsyncDisposable
{
    /// <summary>How long a read waits for it, and not again soon.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>How often it is examined, and how long it is left out at least.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const string Header = "pg_is_in_recovery(), (SELECT log_id FROM grpcchat.log_meta)";

    // One row at least. Whether it is a standby is asked after the query has its snapshot: if it is, all that the query sees came
    // from a primary.
    private const string Page = $"""
        SELECT p.*, {Header}, r.erasures
        FROM (SELECT) one LEFT JOIN grpcchat.room r ON r.name = $1 LEFT JOIN ({PostgresReader.Messages}) p ON true ORDER BY p.id
        """;

    // A standby writes the first timeline down at a restartpoint, and the second in between.
    private const string Examination = $"""
        SELECT {Header}, GREATEST(c.timeline_id, r.min_recovery_end_timeline)
        FROM pg_control_checkpoint() c, pg_control_recovery() r
        """;

    private readonly PostgresServer primary;
    private readonly LogMetrics metrics;
    private readonly ILogger logger;
    private readonly string location;
    private readonly NpgsqlDataSource source;
    private readonly int maxAtOnce;
    private readonly SemaphoreSlim places;
    private readonly SemaphoreSlim failed = new(0);
    private Problem? failure;
    private int timeline;

    public ReadReplica(
        NpgsqlConnectionStringBuilder settings, PostgresServer primary, int maxAtOnce, LogMetrics metrics, ILogger logger)
    {
        this.primary = primary;
        this.metrics = metrics;
        this.logger = logger;
        this.maxAtOnce = maxAtOnce;
        location = PostgresSettings.Locate(settings);
        places = new SemaphoreSlim(maxAtOnce);

        // One more is for the examination. A command that is given up waits no longer for the server.
        settings.MaxPoolSize = maxAtOnce + 1;
        settings.Timeout = settings.CommandTimeout = (int)Limit.TotalSeconds;
        settings.CancellationTimeout = -1;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection => throw new NotSupportedException("connections are opened asynchronously"), PostgresServer.SetPlansAsync);
        source = builder.Build();
    }

    /// <summary>Whether it was found to be a standby of the primary that the node uses now.</summary>
    public bool IsUsable => Volatile.Read(ref timeline) is var found && found != 0 && found == primary.Timeline;

    /// <summary>Reads messages of a room: those that follow each other, as many as fit into a page.</summary>
    /// <returns>Null if the primary has to be asked.</returns>
    public async Task<StoredPage?> ReadAsync(SharedRoom room, long after, long through, int count, CancellationToken cancellation)
    {
        // Never more than the node has seen committed: a standby can have it a moment before the primary shows it.
        through = Math.Min(through, room.Seen);
        if (after >= through)
        {
            return null;
        }

        // What was given up keeps its place until it has ended.
        if (!await places.WaitAsync(Limit, cancellation))
        {
            return null;
        }

        if (!IsUsable)
        {
            places.Release();
            return null;
        }

        Answer answer;
        try
        {
            answer = await WithinLimitAsync(givenUp => AskAsync(room.Name, after, through, count, givenUp), cancellation);
        }
        catch (TimeoutException error)
        {
            answer = new Answer { Problem = new(error.Message) };
        }

        if (answer.Problem is not null)
        {
            LeaveOut(answer.Problem);
            return null;
        }

        // Compared with what the node knows now, not with what it knew before: somebody may have had texts erased meanwhile.
        var isCurrent = answer.Page is not null && answer.Erasures >= room.Erasures && after + 1 >= room.Oldest;
        metrics.OnReplicaRead(isCurrent);
        return isCurrent ? answer.Page : null;
    }

    /// <summary>Finds out whether it can be used, again and again, and says so when that changes.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        for (Problem? told = null; ;)
        {
            var (found, problem) = (0, (Problem?)null);
            try
            {
                (found, problem) = await WithinLimitAsync(ExamineAsync, stopping);
            }
            catch (TimeoutException error)
            {
                problem = new(error.Message);
            }

            Volatile.Write(ref timeline, found);
            Report(problem);
            if (await failed.WaitAsync(Interval, stopping))
            {
                Volatile.Write(ref timeline, 0);
                Report(failure);
                await Task.Delay(Interval, stopping);
            }

            // A line when it cannot be used, one when it is not what it should be, and one when it is used again.
            void Report(Problem? found)
            {
                if (found is not null && found.IsRefusal != told?.IsRefusal)
                {
                    logger.ReadReplicaLeftOut(found.Reason);
                }
                else if (found is null && told is not null)
                {
                    logger.ReadReplicaUsed(location);
                }

                told = found;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        // What was given up is still on its way.
        for (var i = 0; i < maxAtOnce; i++)
        {
            await places.WaitAsync();
        }

        await source.DisposeAsync();
        places.Dispose();
        failed.Dispose();
    }

    private void LeaveOut(Problem problem)
    {
        // One of many reads that fail together.
        if (Interlocked.Exchange(ref timeline, 0) != 0)
        {
            failure = problem;
            failed.Release();
        }
    }

    // What is given up is cancelled on a thread of its own: Npgsql tells the server so, and waits for it.
    private async Task<T> WithinLimitAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        var givenUp = new CancellationTokenSource();
        var asking = ask(givenUp.Token);
        try
        {
            return await asking.WaitAsync(Limit, cancellation);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{location} has not answered for {Limit.TotalSeconds} s", error);
        }
        finally
        {
            if (!asking.IsCompleted)
            {
                _ = Task.Factory.StartNew(
                    givenUp.Cancel, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }
    }

    // Never throws: whoever asked may have gone.
    private async Task<Answer> AskAsync(string room, long after, long through, int count, CancellationToken givenUp)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(givenUp);
            await using var command = PostgresReader.Command(
                connection, Page, [room, after, through, (long)count], TimeSpan.Zero);
            await using var reader = await command.ExecuteReaderAsync(givenUp);
            return await TakeAsync(reader, room, after, givenUp);
        }
        catch (PostgresException conflict) when (conflict.SqlState.StartsWith("40", StringComparison.Ordinal))
        {
            // What the primary has removed meanwhile was in the way of the query: that happens on every standby.
            return default;
        }
        catch (Exception error)
        {
            return new Answer { Problem = new(PostgresErrors.Describe(location, error)) };
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<Answer> TakeAsync(NpgsqlDataReader reader, string room, long after, CancellationToken givenUp)
    {
        var name = Encoding.UTF8.GetBytes(room);
        var (page, last, erasures) = (new StoredPage(room), after, 0L);
        while (await reader.ReadAsync(givenUp))
        {
            if (Refuse(reader, 6) is { } problem)
            {
                return new Answer { Problem = problem };
            }

            // What does not follow is not there yet, or no longer.
            if (reader.IsDBNull(0) || reader.GetInt64(0) != last + 1)
            {
                break;
            }

            last++;
            erasures = reader.GetInt64(8);
            PostgresReader.Offer(reader, name, last, page);
        }

        return last == after ? default : new Answer { Page = page, Erasures = erasures };
    }

    private async Task<(int Timeline, Problem? Problem)> ExamineAsync(CancellationToken givenUp)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(givenUp);
            await using var command = PostgresReader.Command(connection, Examination, [], TimeSpan.Zero);
            await using var reader = await command.ExecuteReaderAsync(givenUp);
            await reader.ReadAsync(givenUp);
            var (found, expected) = (reader.GetInt32(2), primary.Timeline);
            var problem = Refuse(reader, 0) ?? (found == expected || expected == 0
                ? null
                : new(
                    $"{location} is on timeline {found} and the primary is on {expected}: it follows another primary, or "
                    + "this one not yet",
                    IsRefusal: true));
            return (problem is null ? found : 0, problem);
        }
        catch (Exception error)
        {
            return (0, new(PostgresErrors.Describe(location, error)));
        }
    }

    // Why nothing that the server says counts.
    private Problem? Refuse(NpgsqlDataReader reader, int column)
    {
        if (!reader.GetBoolean(column))
        {
            return new($"{location} is not a standby; name standbys of the primary", IsRefusal: true);
        }

        var logId = reader.IsDBNull(column + 1) ? "none" : reader.GetString(column + 1);
        return logId == primary.LogId
            ? null
            : new(
                $"{location} has the log {logId}, and the primary has {primary.LogId}; name standbys of this primary",
                IsRefusal: true);
    }

    private readonly record struct Answer
    {
        public StoredPage? Page { get; init; }

        public long Erasures { get; init; }

        public Problem? Problem { get; init; }
    }

    /// <summary>Why it cannot be used now, or, as a refusal, why nothing that it says counts.</summary>
    private sealed record Problem(string Reason, bool IsRefusal = false);
}
