using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service.Edge;

namespace GrpcChat.Service;

/// <summary>What people see when the service has started.</summary>
internal static class StartLines
{
    private const string DefaultAddress = "http://127.0.0.1:5000";

    public static void Print(WebApplication app, EdgeSettings edge)
    {
        var log = app.Services.GetRequiredService<MessageLogInfo>();
        var (address, management) = (app.Urls.First(), edge.Management is null ? null : app.Urls.ElementAt(1));
        var toAddress = address == DefaultAddress ? "" : $" --address {address}";
        Console.WriteLine($"listening on {address}");
        if (management is not null)
        {
            Console.WriteLine($"management: {management}");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            log: {log.Location} ({Counted.Of(log.RoomCount, "room")}, {Counted.Of(log.MessageCount, "message")} kept){Proxies(edge)}
            limits: at most {Counted.Of(edge.Connections.Max, "connection")}
            chat: dotnet run --project Chat.ConsoleClient -- --user YOUR-NAME{toAddress}
            """));
    }

    private static string Proxies(EdgeSettings edge) => !edge.TrustedProxies.Any ? ""
        : $"\ntrusted proxies: {edge.TrustedProxies}, by {(edge.ProxyProtocol is null ? "X-Forwarded-For" : "the PROXY protocol")}";
}
