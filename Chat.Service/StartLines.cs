using System.Globalization;
using Chat.Service.Log;

namespace Chat.Service;

/// <summary>What a person sees when the service has started.</summary>
internal static class StartLines
{
    private const string DefaultAddress = "http://127.0.0.1:5000";

    public static void Print(WebApplication app)
    {
        var log = app.Services.GetRequiredService<IMessageLog>();
        var address = app.Urls.Single();
        var toAddress = address == DefaultAddress ? "" : $" --address {address}";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            listening on {address}
            log: {log.Location} ({log.Size.Rooms:N0} rooms, {log.Size.Messages:N0} messages kept)
            chat: dotnet run --project Chat.ConsoleClient -- --user YOUR-NAME{toAddress}
            """));
    }
}
