using GrpcChat.Service;
using GrpcChat.TestSupport;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>How many lines of one kind are written.</summary>
public sealed class LimitedLoggingTests : IDisposable
{
    private readonly ManualTime time = new();
    private readonly Lines written = new();
    private readonly LimitedLogging logging;
    private readonly ILogger logger;

    public LimitedLoggingTests()
    {
        logging = new LimitedLogging(written, time);
        logger = logging.CreateLogger("a");
    }

    [Fact]
    public void Up_to_the_limit_every_line_is_written_in_every_window()
    {
        for (var window = 0; window < 3; window++)
        {
            Write(LimitedLogging.MaxLines);
            time.Advance(LimitedLogging.Window);
        }

        Assert.Equal(3 * LimitedLogging.MaxLines, written.All.Count);
    }

    [Fact]
    public void Beyond_the_limit_lines_are_left_out_and_counted_when_the_window_ends()
    {
        time.Advance(TimeSpan.FromSeconds(3));
        Write(LimitedLogging.MaxLines + 3600);
        Assert.Equal(LimitedLogging.MaxLines, written.All.Count);

        time.Advance(LimitedLogging.Window - TimeSpan.FromMilliseconds(1));
        Assert.Equal(LimitedLogging.MaxLines, written.All.Count);
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("Warning 7 Left out 3600 more lines like this in 10 s.", written.All[^1]);
        Write(LimitedLogging.MaxLines);
        Assert.Equal((2 * LimitedLogging.MaxLines) + 1, written.All.Count);
    }

    [Fact]
    public void Another_kind_of_line_is_not_left_out()
    {
        Write(LimitedLogging.MaxLines + 1);
        logger.Log(LogLevel.Warning, new EventId(8), "another event");
        logger.Log(LogLevel.Critical, new EventId(7), "another level");
        logging.CreateLogger("b").Log(LogLevel.Warning, new EventId(7), "another category");

        Assert.Equal(LimitedLogging.MaxLines + 3, written.All.Count);
    }

    [Fact]
    public void The_end_says_what_was_left_out_until_then()
    {
        Write(LimitedLogging.MaxLines + 5);
        logging.Dispose();

        Assert.Equal("Warning 7 Left out 5 more lines like this in 10 s.", written.All[^1]);
        Assert.True(written.IsDisposed);
    }

    public void Dispose() => logging.Dispose();

    private void Write(int count)
    {
        for (var i = 0; i < count; i++)
        {
            logger.Log(LogLevel.Warning, new EventId(7), "line");
        }
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public List<string> All { get; } = [];

        public bool IsDisposed { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel} {eventId.Id} {formatter(state, exception)}");

        public void Dispose() => IsDisposed = true;
    }
}
