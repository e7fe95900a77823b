using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>
/// The metrics that the documents list, and that the dashboard and the alerts use, are those of the service.
/// </summary>
public sealed partial class MetricsPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs/operations.md"));

    // Of .NET itself, by their names for Prometheus.
    private static readonly string[] Others =
        ["up", "kestrel_active_connections", "dotnet_process_cpu_time_seconds_total", "dotnet_process_memory_working_set_bytes"];

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task The_page_lists_every_metric_of_the_service_and_no_other()
    {
        var instruments = await InstrumentsAsync();

        Assert.Equal(
            instruments.Select(instrument => $"{instrument.Name} {PrometheusName(instrument)}").Order(StringComparer.Ordinal),
            Row().Matches(Page).Select(row => $"{row.Groups["name"]} {row.Groups["prometheus"]}").Order(StringComparer.Ordinal));
    }

    [Trait("Log", "sqlite")]
    [Theory]
    [InlineData("dashboard.json")]
    [InlineData("alerts.yaml")]
    public async Task Everything_that_is_shown_or_watched_is_a_metric_of_the_service(string file)
    {
        var known = (await InstrumentsAsync()).SelectMany(NamesOf).Concat(Others).ToHashSet();

        var used = Expression().Matches(File.ReadAllText(Repository.PathOf($"deploy/grafana/{file}")))
            .SelectMany(expression => MetricName().Matches(Quoted().Replace(expression.Groups["text"].Value, "")))
            .Select(name => name.Value)
            .Distinct()
            .ToList();

        Assert.True(used.Count > 5);
        Assert.Empty(used.Except(known));
    }

    [Fact]
    public void The_page_says_what_to_do_at_every_alert()
    {
        var alerts = Alert().Matches(File.ReadAllText(Repository.PathOf("deploy/grafana/alerts.yaml")))
            .Select(alert => alert.Groups["name"].Value)
            .ToList();

        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, AlertRow().Matches(Page).Select(row => row.Groups["name"].Value));
    }

    private static async Task<List<Instrument>> InstrumentsAsync()
    {
        var instruments = new List<Instrument>();
        await using var server = await ChatServer.StartAsync(addServices: services => services.AddSingleton<IMeterFactory, OwnMeters>());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == ChatMetrics.MeterName && instrument.Meter.Scope is OwnMeters)
                {
                    instruments.Add(instrument);
                }
            },
        };
        listener.Start();
        return instruments;
    }

    // https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
    private static string PrometheusName(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        var isCounter = instrument.GetType().Name is var type
            && (type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal));
        return instrument.Name.Replace('.', '_') + unit + (isCounter ? "_total" : "");
    }

    private static IEnumerable<string> NamesOf(Instrument instrument)
    {
        var name = PrometheusName(instrument);
        return instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal)
            ? [name + "_bucket", name + "_sum", name + "_count"]
            : [name];
    }

    [GeneratedRegex(@"^\| `(?<name>chat\.[a-z.]+)` \| `(?<prometheus>chat_[a-z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"""?expr""?: (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Expression();

    [GeneratedRegex(@"\\?""[a-zA-Z]+\\?""")]
    private static partial Regex Quoted();

    // Not a function, a label or a range.
    [GeneratedRegex(@"\b(up|chat_(?!outcome|reason|limit\b|tail_hit)[a-z_]+|kestrel_[a-z_]+|dotnet_[a-z_]+|http_[a-z_]+)\b")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"- alert: (?<name>\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^\| `(?<name>GrpcChat\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex AlertRow();

    /// <summary>Tells the meters of this server from those of others in the process.</summary>
    private sealed class OwnMeters : IMeterFactory
    {
        private readonly List<Meter> meters = [];

        public Meter Create(MeterOptions options)
        {
            lock (meters)
            {
                if (meters.Find(meter => meter.Name == options.Name) is not { } meter)
                {
                    meter = new Meter(options.Name, options.Version, options.Tags, scope: this);
                    meters.Add(meter);
                }

                return meter;
            }
        }

        public void Dispose() => meters.ForEach(meter => meter.Dispose());
    }
}
