using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>What the executable tells of itself, and where.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task The_metrics_page_counts_what_was_sent()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, management: "127.0.0.1:0");
        await SendAsync(service.Address, "k1");
        await SendAsync(service.Address, "k2");
        await SendAsync(service.Address, "k2");

        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri(service.Management, "/metrics"));

        Assert.Matches(@"(?m)^chat_log_sends_total\{[^}]*chat_outcome=""stored""[^}]*\} 2\b", page);
        Assert.Matches(@"(?m)^chat_log_sends_total\{[^}]*chat_outcome=""duplicate""[^}]*\} 1\b", page);
        Assert.Matches(@"(?m)^chat_log_commit_duration_seconds_count\S* [1-9]", page);
        Assert.Matches(@"(?m)^chat_log_writable\S* 1\b", page);
        Assert.Contains("kestrel_active_connections", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_and_spans_go_to_the_collector_that_the_standard_variables_name()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            environment:
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
                ("OTEL_BSP_SCHEDULE_DELAY", "100"),
                ("OTEL_TRACES_SAMPLER", "always_on"),
                ("OTEL_SERVICE_NAME", "team-chat"),
            ]);
        await SendAsync(service.Address, "client-offset-of-the-span");

        await collector.UntilAsync("/v1/metrics", "chat.log.sends");
        await collector.UntilAsync("/v1/metrics", "team-chat");
        var spans = await collector.UntilAsync("/v1/traces", "append lobby");

        Assert.Contains("client-offset-of-the-span", spans, StringComparison.Ordinal);
        Assert.Contains("committed", spans, StringComparison.Ordinal);
        Assert.DoesNotContain("a text that nobody should see", spans, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_SDK_switched_off_nothing_leaves_the_process_and_the_page_stays()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            management: "127.0.0.1:0",
            environment:
            [
                ("OTEL_SDK_DISABLED", "true"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ]);
        await SendAsync(service.Address, "k1");
        using var http = new HttpClient();

        Assert.Contains("chat_log_sends_total", await http.GetStringAsync(new Uri(service.Management, "/metrics")), StringComparison.Ordinal);
        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
        Assert.True(collector.IsEmpty);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nonsense")]
    public async Task A_collector_that_is_no_URL_ends_the_start(string variable, string value)
    {
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--management", "none", "--data", data.Path], (variable, value));

        Assert.Equal(2, exitCode);
        Assert.Contains($"{variable} is '{value}', but must be a URL", errors, StringComparison.Ordinal);
    }

    // Its exporter tries again and drops; the chat does not wait for it.
    [Fact]
    public async Task A_collector_that_is_away_holds_nothing_up()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path, environment: [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_METRIC_EXPORT_INTERVAL", "50")]);

        await SendAsync(service.Address, "k1");

        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
    }

    [Fact]
    public async Task Log_lines_are_objects_in_JSON_where_the_option_asks_for_it()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path, arguments: ["--log-format", "json"], environment: [("Logging__LogLevel__Microsoft", "Information")]);

        var (_, errors, _) = await service.TerminateAsync();

        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.True(
            JsonDocument.Parse(line).RootElement.GetProperty("Timestamp").GetDateTimeOffset() > DateTimeOffset.UnixEpoch));
    }

    private static async Task SendAsync(Uri address, string offset)
    {
        using var channel = GrpcChannel.ForAddress(address);
        await new ChatService.ChatServiceClient(channel).SendMessageAsync(
            new SendMessageRequest
            {
                Send = new Send { Room = "lobby", ClientOffset = offset, Text = "a text that nobody should see" },
            },
            deadline: DateTime.UtcNow + ChatCall.Deadline);
    }

    /// <summary>A collector of OpenTelemetry that keeps what it is sent.</summary>
    private sealed class Collector(WebApplication app) : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, string Body)> received = [];

        public Uri Address => new(app.Urls.Single());

        public bool IsEmpty => received.IsEmpty;

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var collector = new Collector(app);
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                collector.received.Enqueue((context.Request.Path, Encoding.Latin1.GetString(body.ToArray())));
            });
            await app.StartAsync();
            return collector;
        }

        /// <summary>Waits until something that was sent there contains the text, and returns all of that.</summary>
        public async Task<string> UntilAsync(string path, string text)
        {
            using var deadline = new CancellationTokenSource(ChatCall.Deadline);
            while (true)
            {
                if (received.FirstOrDefault(sent => sent.Path == path && sent.Body.Contains(text, StringComparison.Ordinal)) is { Path: not null } found)
                {
                    return found.Body;
                }

                await Task.Delay(20, deadline.Token);
            }
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
