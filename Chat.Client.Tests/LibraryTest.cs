using System.Collections.Concurrent;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>
/// What tests of the client library share: a directory for state files, options, and ways to wait for events.
/// </summary>
public abstract class LibraryTest : IDisposable
{
    private readonly TempDirectory temp = new();

    private protected string Directory => temp.Path;

    private protected string StatePath => Path.Combine(temp.Path, "state.db");

    public void Dispose()
    {
        temp.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Options with short delays, and with the state file if the test wants it.</summary>
    private protected ChatClientOptions Options(string address, bool withState = true) => new()
    {
        Addresses = [address],
        User = "ann",
        StateStore = withState ? new SqliteStateStore(StatePath) : null,
        ReconnectDelay = TimeSpan.FromMilliseconds(20),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(50),
        LazyWriteDelay = TimeSpan.FromMilliseconds(1),
    };

    private protected ChatClientOptions Options(ChatServer server, bool withState = true) =>
        Options(server.Address.ToString(), withState);

    /// <summary>The address of a port on which nothing listens.</summary>
    private protected static string NobodyThere()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }

    /// <summary>Reads events until this many of the type satisfy the test.</summary>
    private protected static async Task<List<T>> ReadAsync<T>(ChatClient client, int count, Func<T, bool>? satisfies = null)
        where T : ChatEvent
    {
        var found = new List<T>();
        if (count == 0)
        {
            return found;
        }

        using var deadline = new CancellationTokenSource(ChatCall.Deadline);
        await foreach (var happened in client.ReadEventsAsync(deadline.Token))
        {
            if (happened is T wanted && (satisfies?.Invoke(wanted) ?? true))
            {
                found.Add(wanted);
                if (found.Count == count)
                {
                    break;
                }
            }
        }

        Assert.Equal(count, found.Count);
        return found;
    }

    /// <summary>Reads events until one is of this type and satisfies the test.</summary>
    private protected static async Task<T> ReadAsync<T>(ChatClient client, Func<T, bool>? satisfies = null)
        where T : ChatEvent => (await ReadAsync(client, 1, satisfies))[0];

    /// <summary>The first column of a query on a state file that no client has open.</summary>
    private protected List<string> Query(string sql, string? path = null)
    {
        var rows = new List<string>();
        using var connection = new SqliteConnection($"Data Source={path ?? StatePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            rows.Add(row.GetString(0));
        }

        return rows;
    }

    /// <summary>The names of everything in the directory, and the content of the files.</summary>
    private protected string[] Snapshot() =>
        [.. System.IO.Directory.GetFileSystemEntries(Directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
            $"{path}: {(File.Exists(path) ? Convert.ToHexString(File.ReadAllBytes(path)) : "directory")}")];

    /// <summary>A log that keeps every line.</summary>
    private protected sealed class LogLines : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
