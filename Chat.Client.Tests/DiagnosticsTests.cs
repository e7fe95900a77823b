using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using GrpcChat.Client;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Metrics, traces and logs. Meters belong to the process, so these tests run alone.</summary>
[Collection(nameof(Alone))]
public sealed class DiagnosticsTests : LibraryTest
{
    private readonly ConcurrentDictionary<string, long> measured = new();
    private readonly ConcurrentDictionary<string, string> tagged = new();
    private readonly ConcurrentQueue<Activity> activities = [];

    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;

    [Fact]
    public async Task Sends_reconnects_and_the_outbox_are_measured_and_traced_under_conventional_names()
    {
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ClientDiagnostics.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            measured.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            tagged[instrument.Name] = string.Join(" ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
        });
        meters.Start();

        // Outboxes of other tests that never closed.
        var others = OutboxMessages();
        using var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name is ClientDiagnostics.Name or "GrpcChat" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(traces);
        await using var server = await ChatServer.StartAsync(options => options.MaxTextBytes = 100);

        await using (var client = ChatClient.Open(Options(server, withState: false) with
        {
            Addresses = [NobodyThere(), server.Address.ToString()],
            Random = new FixedRandom(0),
        }))
        {
            await client.EnqueueAsync("ops", "first");
            await client.FlushAsync().WaitAsync(ChatCall.Deadline);
            await client.SendAsync("ops", "second").WaitAsync(ChatCall.Deadline);
            await Assert.ThrowsAsync<ChatRefusedException>(() => client.SendAsync("ops", new string('x', 101)).WaitAsync(ChatCall.Deadline));
            _ = client.JoinAsync("ops");
            await ReadAsync<MessageReceived>(client, 2);
            Assert.Equal(others, OutboxMessages());
        }

        await using (var waiting = ChatClient.Open(Options(NobodyThere()) with { FlushTimeout = TimeSpan.Zero }))
        {
            await waiting.EnqueueAsync("ops", "third");
            Assert.Equal(others + 1, OutboxMessages());
        }

        Assert.Equal("GrpcChat.Client", ClientDiagnostics.Name);
        Assert.Equal(others, OutboxMessages());
        Assert.Equal(2, measured["messaging.client.sent.messages"]);
        Assert.Equal("messaging.system=grpcchat messaging.operation.name=send", tagged["messaging.client.sent.messages"]);
        Assert.Equal(2, measured["messaging.client.consumed.messages"]);
        Assert.Equal("messaging.system=grpcchat messaging.operation.name=receive", tagged["messaging.client.consumed.messages"]);
        Assert.Equal(1, measured["chat.client.refused.messages"]);
        Assert.True(measured["chat.client.reconnects"] >= 1);

        var sends = activities.Where(activity => activity.OperationName == "send ops").ToList();
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], sends.Select(send => send.Status));
        Assert.Equal(ActivityKind.Producer, sends[0].Kind);
        Assert.Equal(("grpcchat", "ops"), (sends[0].GetTagItem("messaging.system"), sends[0].GetTagItem("messaging.destination.name")));
        Assert.Equal(2L, sends[0].GetTagItem("messaging.message.id"));
        Assert.Contains(activities, activity => activity.OperationName == "chat connect" && activity.Kind == ActivityKind.Client);

        // The service's spans are in the trace of the connection, to which the client's span of a send has a link.
        var stored = activities.Where(activity => activity.OperationName == "append ops" && activity.Status == ActivityStatusCode.Unset).ToList();
        Assert.Equal([1L, 2L], stored.Select(append => append.GetTagItem("messaging.message.id")));
        Assert.All(stored, append => Assert.Equal("committed", Assert.Single(append.Events).Name));
        Assert.Equal(stored[1].TraceId, Assert.Single(sends[0].Links).Context.TraceId);
        var refused = Assert.Single(activities, activity => activity.OperationName == "append ops" && activity.Status == ActivityStatusCode.Error);
        Assert.Empty(refused.Events);

        // An observable instrument reports only when it is asked.
        long OutboxMessages()
        {
            measured.TryRemove("chat.client.outbox.messages", out _);
            meters.RecordObservableInstruments();
            return measured["chat.client.outbox.messages"];
        }
    }

    [Fact]
    public async Task No_line_of_the_log_has_a_text_or_a_token()
    {
        const string Secret = "xyzzy-is-secret";
        var log = new LogLines();
        await using var server = await ChatServer.StartAsync(options => options.MaxTextBytes = 50);
        var asked = 0;
        var options = Options(server) with
        {
            Addresses = [NobodyThere(), server.Address.ToString()],
            Random = new FixedRandom(0),
            LoggerFactory = log,
            TokenProvider = _ => ++asked % 2 == 0 ? new($"{Secret}\n") : new(Secret),
            FlushTimeout = TimeSpan.Zero,
        };
        await using (var client = ChatClient.Open(options))
        {
            await client.EnqueueAsync("ops", Secret);
            await client.EnqueueAsync("ops", Secret + new string('x', 50));
            _ = client.JoinAsync("ops");

            // Nobody at the first address, and then a token that no header can carry.
            await ReadAsync<ConnectionChanged>(client, 2, changed => changed.State == ConnectionState.Waiting);
        }

        Assert.Throws<ChatStateException>(() => ChatClient.Open(options with { User = "bob" }));
        Assert.NotEmpty(log.Lines);
        Assert.All(log.Lines, line => Assert.DoesNotContain("xyzzy", line, StringComparison.Ordinal));
    }
}
