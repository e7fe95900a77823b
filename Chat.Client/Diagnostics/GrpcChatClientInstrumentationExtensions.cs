using GrpcChat.Client;

namespace OpenTelemetry.Metrics
{
    /// <summary>Adds the client's metrics to OpenTelemetry.</summary>
    public static class GrpcChatClientMeterProviderBuilderExtensions
    {
        /// <summary>Adds the meter <see cref="ClientDiagnostics.Name"/>.</summary>
        /// <param name="builder">The metrics of the application.</param>
        /// <returns>The same builder.</returns>
        public static MeterProviderBuilder AddGrpcChatClientInstrumentation(this MeterProviderBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddMeter(ClientDiagnostics.Name);
        }
    }
}

namespace OpenTelemetry.Trace
{
    /// <summary>Adds the client's spans to OpenTelemetry.</summary>
    public static class GrpcChatClientTracerProviderBuilderExtensions
    {
        /// <summary>
        /// Adds the activity source <see cref="ClientDiagnostics.Name"/>: a span for each send, from the call until the
        /// service's answer, and one for each connection.
        /// </summary>
        /// <param name="builder">The traces of the application.</param>
        /// <returns>The same builder.</returns>
        public static TracerProviderBuilder AddGrpcChatClientInstrumentation(this TracerProviderBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddSource(ClientDiagnostics.Name);
        }
    }
}
