using System.Reflection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GrpcChat.Service.Management;

/// <summary>
/// Exports metrics as a page for Prometheus on the management address, and metrics and spans by OTLP where the standard
/// variables of OpenTelemetry say so: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
/// </summary>
internal static class Telemetry
{
    /// <summary>The page.</summary>
    public const string Metrics = "/metrics";

    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string Sampler = "OTEL_TRACES_SAMPLER";

    // Of those that do not begin with a client that has decided.
    private const double ShareOfTraces = 0.01;

    private const string Disabled = "OTEL_SDK_DISABLED";

    // Of .NET itself: connections, calls, and the runtime's memory and threads.
    private static readonly string[] OtherMeters =
        ["Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Hosting", "System.Runtime"];

    /// <summary>Adds the exporters that are asked for.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="variables">The environment's variables <c>OTEL_…</c>.</param>
    /// <param name="hasPage">Whether there is a management address.</param>
    /// <exception cref="UsageException">A variable is not valid.</exception>
    public static void AddTelemetry(
        this WebApplicationBuilder builder, IReadOnlyDictionary<string, string> variables, bool hasPage)
    {
        // The exporters look for their variables in the application's configuration.
        // Not the switch, which is for what leaves the process: the page stays.
        builder.Configuration.AddInMemoryCollection(variables
            .Where(variable => variable.Key != Disabled)
            .Select(variable => new KeyValuePair<string, string?>(variable.Key, variable.Value)));
        var isOn = !IsTrue(variables, Disabled);
        var sendsMetrics = isOn && IsUrl(variables, MetricsEndpoint, Endpoint);
        var sendsSpans = isOn && IsUrl(variables, TracesEndpoint, Endpoint);
        if (!hasPage && !sendsMetrics && !sendsSpans)
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource
            .AddService("grpcchat", serviceVersion: Version())
            .AddEnvironmentVariableDetector());
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddGrpcChatInstrumentation().AddMeter(OtherMeters);
            if (hasPage)
            {
                metrics.AddPrometheusExporter();
            }

            if (sendsMetrics)
            {
                metrics.AddOtlpExporter();
            }
        });
        if (sendsSpans)
        {
            telemetry.WithTracing(spans =>
            {
                spans.AddGrpcChatInstrumentation().AddAspNetCoreInstrumentation().AddOtlpExporter();
                if (!variables.ContainsKey(Sampler))
                {
                    // The standard's default, everything, would make a span for each of many thousand sends a second.
                    spans.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(ShareOfTraces)));
                }
            });
        }
    }

    private static string? Version() =>
        typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    private static bool IsTrue(IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out var value) && value.Equals("true", StringComparison.OrdinalIgnoreCase);

    // The exporter would only note a wrong URL in a trace of its own, and use its default.
    private static bool IsUrl(IReadOnlyDictionary<string, string> variables, params string[] names)
    {
        foreach (var name in names)
        {
            if (variables.TryGetValue(name, out var value) && value.Length > 0)
            {
                return Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                    ? true
                    : throw new UsageException(
                        $"{name} is '{value}', but must be a URL that begins with http:// or https://, such as http://127.0.0.1:4317");
            }
        }

        return false;
    }
}
