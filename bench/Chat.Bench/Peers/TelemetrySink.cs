using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// Takes the telemetry of one service: a collector that throws away what it is sent, and a reader of the metrics page.
/// </summary>
internal sealed class TelemetrySink : IAsyncDisposable
{
    private static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(1);

    private readonly WebApplication collector;
    private readonly CancellationTokenSource stop = new();
    private readonly IPEndPoint management = FreePort();
    private Task reading = Task.CompletedTask;

    private TelemetrySink(WebApplication collector) => this.collector = collector;

    /// <summary>The service's arguments.</summary>
    public IEnumerable<string> Arguments => ["--management", management.ToString()];

    /// <summary>The service's environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
    };

    /// <summary>Starts the collector.</summary>
    public static async Task<TelemetrySink> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.Run(context => context.Request.Body.CopyToAsync(Stream.Null));
        await collector.StartAsync();
        return new TelemetrySink(collector);
    }

    /// <summary>The service is listening.</summary>
    public void OnServiceStarted() => reading = ReadAsync();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await reading;
        await collector.DisposeAsync();
        stop.Dispose();
    }

    // Free at this moment. The service takes it at once.
    private static IPEndPoint FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    private async Task ReadAsync()
    {
        using var http = new HttpClient();
        using var timer = new PeriodicTimer(ReadEvery);
        var pages = 0;
        try
        {
            do
            {
                await http.GetStringAsync(new Uri($"http://{management}/metrics"), stop.Token);
                pages++;
            }
            while (await timer.WaitForNextTickAsync(stop.Token));
        }
        catch (Exception error) when (error is OperationCanceledException || (error is HttpRequestException && pages > 0))
        {
            // The round is over, and its service perhaps stopped. Without a single page the round fails.
        }
    }
}
