using GrpcChat.Service.Commands;
using GrpcChat.Service.Edge;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GrpcChat.Service.Control;

/// <summary>
/// What the service does for the commands that ask it at its control socket. It is served there alone, and the chat is not: as
/// for the management pages, the connection decides.
/// </summary>
internal static class ControlPages
{
    /// <summary>Listens on the socket that <see cref="ControlSocket.Bind"/> has made.</summary>
    public static void ListenForControl(this KestrelServerOptions kestrel) =>
        kestrel.Listen(ControlSocket.EndPoint, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.Use(next => connection =>
            {
                connection.Features.Set(ControlConnection.Mark);
                return next(connection);
            });
        });

    /// <summary>Serves the changes. Comes before the routing of the chat.</summary>
    /// <param name="app">The application.</param>
    /// <param name="map">Maps each change.</param>
    public static void UseControl(this IApplicationBuilder app, Action<IEndpointRouteBuilder> map) => app.MapWhen(
        static context => context.Features.Get<ControlConnection>() is not null,
        control => control.UseRouting().UseEndpoints(map));

    /// <summary>The changes of the service, one line for each.</summary>
    public static void MapAll(IEndpointRouteBuilder routes)
    {
        TrimCommand.Change.Map(routes);
        EraseCommand.Change.Map(routes);
        BlockCommands.Map(routes);
    }

    private sealed class ControlConnection
    {
        public static readonly ControlConnection Mark = new();
    }
}
