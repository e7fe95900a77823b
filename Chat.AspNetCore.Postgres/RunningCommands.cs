using System.Collections.Concurrent;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// The commands that run on the server, and an end for those whose server is gone. A machine that vanishes closes no connection: the
/// system would wait for its answer for a quarter of an hour. So a new connection asks the server of now whether it still has the
/// process that runs the command. If not, nobody waits for it any more, as after a lost connection; its outcome is unknown.
/// </summary>
internal sealed class RunningCommands(PostgresServer server)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Command, long> running = [];

    /// <summary>Runs a command, and closes the connection.</summary>
    /// <param name="connection">Where it runs.</param>
    /// <param name="run">
    /// The command. It may go on when nobody waits for it any more, so it changes nothing that others see, and returns what it has found.
    /// </param>
    /// <param name="limit">How long it is waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="IOException">The server is gone.</exception>
    /// <exception cref="TimeoutException">The server has not answered in time.</exception>
    public async Task<T> RunAsync<T>(
        NpgsqlConnection connection, Func<NpgsqlConnection, Task<T>> run, TimeSpan limit, CancellationToken cancellation)
    {
        using var command = new Command(connection.ProcessID, cancellation);
        running[command] = TimeProvider.System.GetTimestamp();
        try
        {
            return await RunAndCloseAsync().WaitAsync(limit, command.Lost);
        }
        catch (OperationCanceledException error) when (command.Lost.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException("the server is gone", error);
        }
        finally
        {
            running.TryRemove(command, out _);
        }

        async Task<T> RunAndCloseAsync()
        {
            await using (connection)
            {
                return await run(connection);
            }
        }
    }

    /// <summary>Looks after commands that take long, until the end is asked for.</summary>
    public async Task WatchAsync(CancellationToken stopping)
    {
        // A pooler gives its clients other numbers than those of the server's processes. How long it waits for a server that is gone
        // is up to it.
        while (!server.IsPooled)
        {
            await Task.Delay(Interval, stopping);
            var stuck = running.Where(entry => TimeProvider.System.GetElapsedTime(entry.Value) > Long).Select(entry => entry.Key).ToList();
            if (stuck.Count == 0)
            {
                continue;
            }

            try
            {
                using var limited = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                limited.CancelAfter(Limit);
                var processes = await ListProcessesAsync(limited.Token);
                var lost = stuck.FindAll(command => command.IsLost(processes));
                if (lost.Count > 0)
                {
                    await server.RenewPoolsAsync();
                    lost.ForEach(command => command.Lose());
                }
            }
            catch (Exception error) when (
                !stopping.IsCancellationRequested && (error is OperationCanceledException || PostgresErrors.IsUnavailable(error)))
            {
                // There is no server that could say so.
            }
        }
    }

    // By a connection of its own: those of the pool may be to the server that is gone.
    private async Task<HashSet<int>> ListProcessesAsync(CancellationToken cancellation)
    {
        await using var connection = await server.ConnectToListenAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE state <> 'idle'", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var processes = new HashSet<int>();
        while (await reader.ReadAsync(cancellation))
        {
            processes.Add(reader.GetInt32(0));
        }

        return processes;
    }

    private sealed class Command : IDisposable
    {
        // A process of another server can have the same number. But then it does not run a command all the time. And a node that was
        // stopped may not have read an answer that is there.
        private const int Looks = 2;

        private readonly CancellationTokenSource lost;
        private int absences;

        public Command(int process, CancellationToken cancellation)
        {
            lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            (Process, Lost) = (process, lost.Token);
        }

        // For those who wait, not for the command: Npgsql would ask the same server to cancel it, and block until that has answered.
        public CancellationToken Lost { get; }

        private int Process { get; }

        public void Dispose() => lost.Dispose();

        /// <summary>Whether the server has looked for the process again and again, and does not run a command in it.</summary>
        public bool IsLost(HashSet<int> busy) => !busy.Contains(Process) && ++absences >= Looks;

        public void Lose()
        {
            try
            {
                lost.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended meanwhile.
            }
        }
    }
}
