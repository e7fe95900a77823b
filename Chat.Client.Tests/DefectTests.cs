using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.TestSupport;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What a client does after a defect of its own: it halts, and nobody waits for ever.</summary>
public sealed class DefectTests : LibraryTest
{
    [Fact]
    public async Task An_unhandled_exception_halts_the_client_and_ends_everything_that_waits()
    {
        var log = new LogLines();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { Random = new Broken(), LoggerFactory = log });
        await using var events = new ClientEvents(client);
        var sending = client.SendAsync("ops", "hello");
        var joining = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        stream.Fail(StatusCode.Unavailable);

        foreach (var waiting in (Task[])[sending, joining, client.FlushAsync()])
        {
            var error = await Assert.ThrowsAsync<ChatHaltedException>(waiting.Soon);
            Assert.Equal("no dice", error.InnerException?.Message);
        }

        var halted = await events.StateAsync(ConnectionState.Halted);
        Assert.Equal(ProblemKind.ClientDefect, halted.Problem!.Kind);
        Assert.Contains("no dice", halted.Problem.Message, StringComparison.Ordinal);
        Assert.Equal(halted, client.Connection);
        await Assert.ThrowsAsync<ChatHaltedException>(events.TakeAsync);
        Assert.Contains(log.Lines, line => line.StartsWith("Critical", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_defect_in_the_writing_of_the_state_halts_the_client_too()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using (var client = ChatClient.Open(Options(chat.Address) with { LoggerFactory = new Throwing(), StateStore = new FullStore() }))
        {
            await using var events = new ClientEvents(client);
            await Assert.ThrowsAsync<ChatStateException>(() => client.EnqueueAsync("ops", "hello").Soon());

            Assert.Equal(ProblemKind.ClientDefect, (await events.StateAsync(ConnectionState.Halted)).Problem!.Kind);
            await Assert.ThrowsAsync<ChatHaltedException>(() => client.SendAsync("ops", "hello").Soon());
        }
    }

    private sealed class Broken : Random
    {
        public override double NextDouble() => throw new InvalidTimeZoneException("no dice");
    }

    /// <summary>A log that can't be written to when something is wrong.</summary>
    private sealed class Throwing : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).StartsWith("there is no space", StringComparison.Ordinal))
            {
                throw new InvalidTimeZoneException("no log");
            }
        }

        public void Dispose()
        {
        }
    }
}
