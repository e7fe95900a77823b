using System.Collections.Concurrent;

namespace GrpcChat.Service;

/// <summary>
/// Writes at most so many lines of one kind in a window, a kind being a category and an event. At the end of the
/// window, one more line says how many were left out. What thousands of clients can cause thousands of times must not
/// bury the rest.
/// </summary>
/// <param name="inner">Writes the lines. It is disposed of with this.</param>
/// <param name="time">The clock.</param>
[ProviderAlias("Console")]
internal sealed class LimitedLogging(ILoggerProvider inner, TimeProvider time) : ILoggerProvider, ISupportExternalScope
{
    /// <summary>Lines of one kind that are written in a window.</summary>
    public const int MaxLines = 20;

    /// <summary>How long a window is. It begins with a line, when none is open.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Category, int Event, LogLevel Level), Kind> kinds = [];

    public ILogger CreateLogger(string categoryName) => new Limited(inner.CreateLogger(categoryName), categoryName, kinds, time);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) =>
        (inner as ISupportExternalScope)?.SetScopeProvider(scopeProvider);

    /// <summary>Says first what has been left out until now.</summary>
    public void Dispose()
    {
        foreach (var kind in kinds.Values)
        {
            kind.EndWindow();
        }

        inner.Dispose();
    }

    private sealed class Limited(
        ILogger logger,
        string category,
        ConcurrentDictionary<(string Category, int Event, LogLevel Level), Kind> kinds,
        TimeProvider time)
        : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var kind = kinds.GetOrAdd(
                (category, eventId.Id, logLevel),
                static (key, use) => new Kind(use.logger, key.Level, use.eventId, use.time),
                (logger, eventId, time));
            if (kind.TryTake())
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }

    /// <summary>The lines of one kind.</summary>
    private sealed class Kind(ILogger logger, LogLevel level, EventId id, TimeProvider time)
    {
        private readonly Lock gate = new();
        private ITimer? timer;
        private long begun;
        private int lines;
        private int leftOut;

        public bool TryTake()
        {
            lock (gate)
            {
                if (lines == 0 || (leftOut == 0 && time.GetElapsedTime(begun) >= Window))
                {
                    (begun, lines) = (time.GetTimestamp(), 0);
                }

                if (++lines <= MaxLines)
                {
                    return true;
                }

                if (leftOut++ == 0)
                {
                    timer ??= time.CreateTimer(
                        static kind => ((Kind)kind!).EndWindow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    var rest = Window - time.GetElapsedTime(begun);
                    timer.Change(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                }

                return false;
            }
        }

        public void EndWindow()
        {
            int count;
            lock (gate)
            {
                (count, leftOut, lines) = (leftOut, 0, 0);
            }

            if (count > 0)
            {
#pragma warning disable CA1848, CA1873, CA2254 // The line takes the place of others, and has their level and event.
                logger.Log(level, id, $"Left out {count} more lines like this in {Window.TotalSeconds:0} s.");
#pragma warning restore CA1848, CA1873, CA2254
            }
        }
    }
}
