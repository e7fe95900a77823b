using GrpcChat.AspNetCore.Diagnostics;

namespace OpenTelemetry.Metrics
{
    /// <summary>Adds the chat's metrics to OpenTelemetry.</summary>
    public static class GrpcChatMeterProviderBuilderExtensions
    {
        /// <summary>Adds the meter <c>GrpcChat</c>.</summary>
        /// <param name="builder">The metrics of the application.</param>
        /// <returns>The same builder.</returns>
        public static MeterProviderBuilder AddGrpcChatInstrumentation(this MeterProviderBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddMeter(ChatMetrics.MeterName);
        }
    }
}

namespace OpenTelemetry.Trace
{
    /// <summary>Adds the chat's spans to OpenTelemetry.</summary>
    public static class GrpcChatTracerProviderBuilderExtensions
    {
        /// <summary>
        /// Adds the activity source <c>GrpcChat</c>: a span for each send. For the span of each call, add the
        /// instrumentation of ASP.NET Core.
        /// </summary>
        /// <param name="builder">The traces of the application.</param>
        /// <returns>The same builder.</returns>
        public static TracerProviderBuilder AddGrpcChatInstrumentation(this TracerProviderBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddSource(ChatTracing.SourceName);
        }
    }
}
