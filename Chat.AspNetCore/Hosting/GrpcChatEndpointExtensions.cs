using GrpcChat.AspNetCore.Grpc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the chat's calls.</summary>
public static class GrpcChatEndpointExtensions
{
    /// <summary>
    /// Serves <c>chat.v1.ChatService</c>. An application without health checks or reflection of its own also maps those
    /// of the chat: <c>MapGrpcChatHealth()</c> and <c>MapGrpcChatReflection()</c>.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <returns>For conventions of the chat's calls, such as authorization.</returns>
    /// <exception cref="InvalidOperationException"><c>services.AddGrpcChat()</c> was not called.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcChat(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider.GetService<IServiceProviderIsService>();
        return services?.IsService(typeof(ChatGrpcService)) == false
            ? throw new InvalidOperationException("Call services.AddGrpcChat() before app.MapGrpcChat().")
            : Guarded(routes.MapGrpcService<ChatGrpcService>(), routes.ServiceProvider.GetRequiredService<PartialRequests>());
    }

    private static GrpcServiceEndpointConventionBuilder Guarded(
        GrpcServiceEndpointConventionBuilder calls, PartialRequests requests)
    {
        calls.Add(call => call.RequestDelegate = requests.Guard(call.RequestDelegate!));
        return calls;
    }
}
