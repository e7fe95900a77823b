using Grpc.Health.V1;
using Grpc.Reflection;
using Grpc.Reflection.V1;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Grpc;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Alpha = Grpc.Reflection.V1Alpha;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Health checks and server reflection for an application that has none of its own. One that has its own maps the chat
/// alone, beside them.
/// </summary>
public static class GrpcChatDiscoveryExtensions
{
    /// <summary>The name of the chat among the application's health checks.</summary>
    private const string HealthCheckName = "grpcchat";

    /// <summary>
    /// Adds the chat to the application's health checks, under the name <c>grpcchat</c>. It is unhealthy while it stops
    /// or something cannot be read, and degraded while it takes no messages, such as on a full disk. Its data says why:
    /// <c>read</c> and <c>write</c> (<c>ok</c>, or a sentence), and <c>draining</c> (a <see cref="bool"/>).
    /// </summary>
    /// <param name="builder">The application's health checks.</param>
    /// <returns>The same builder.</returns>
    public static IHealthChecksBuilder AddGrpcChat(this IHealthChecksBuilder builder) =>
        builder.AddCheck<ServingState>(HealthCheckName);

    /// <summary>Adds what <see cref="MapGrpcChatReflection"/> serves. Call it beside <c>AddGrpcChat</c>.</summary>
    /// <param name="services">The application's services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChatReflection(this IServiceCollection services)
    {
        // With the details of errors, which no service refers to, so that tools can show them.
        var registry = SymbolRegistry.FromFiles(ReflectedFiles.With(
            HealthReflection.Descriptor, ReflectionReflection.Descriptor, Alpha.ReflectionReflection.Descriptor));
        string[] names =
        [
            ChatService.Descriptor.FullName,
            Health.Descriptor.FullName,
            ServerReflection.Descriptor.FullName,
            Alpha.ServerReflection.Descriptor.FullName,
        ];
        services.AddSingleton(new ReflectionServiceImpl(names, registry));
        services.AddSingleton(new ReflectionV1ServiceImpl(names, registry));
        services.AddGrpcReflection();
        services.AddGrpc()
            .AddServiceOptions<ReflectionServiceImpl>(Guard)
            .AddServiceOptions<ReflectionV1ServiceImpl>(Guard);
        return services;

        static void Guard(Grpc.AspNetCore.Server.GrpcServiceOptions reflection)
        {
            reflection.MaxReceiveMessageSize = ReflectionGuard.MaxRequestBytes;
            reflection.Interceptors.Add<ReflectionGuard>();
        }
    }

    /// <summary>
    /// Serves <c>grpc.health.v1.Health</c>, for <c>""</c> and <c>chat.v1.ChatService</c>, and for its parts
    /// <c>chat.v1.ChatService/read</c> and <c>chat.v1.ChatService/write</c>. Changes are pushed to watches at once.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <returns>For conventions of these calls, such as authorization.</returns>
    public static GrpcServiceEndpointConventionBuilder MapGrpcChatHealth(this IEndpointRouteBuilder routes) =>
        routes.MapGrpcService<HealthService>();

    /// <summary>
    /// Serves server reflection (<c>grpc.reflection.v1</c> and <c>v1alpha</c>) of the chat and its health, as long as
    /// <see cref="GrpcChat.AspNetCore.ChatOptions.Reflection"/> allows it.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <returns>For conventions of these calls, such as authorization.</returns>
    public static IEndpointConventionBuilder MapGrpcChatReflection(this IEndpointRouteBuilder routes) =>
        routes.MapGrpcReflectionService();
}
