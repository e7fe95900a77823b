using Chat.Service;
using Chat.AspNetCore;
using Chat.AspNetCore.Storage;
using Microsoft.AspNetCore.Server.Kestrel.Core;

return await ServiceCommand.RunAsync(args, async options =>
{
    var endpoint = ListenAddress.Parse(options.Listen);
    ListenAddress.DemandFree(endpoint);

    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ToStandardError();
    builder.WebHost.ConfigureKestrel(kestrel =>
        kestrel.Listen(endpoint, listener => listener.Protocols = HttpProtocols.Http2));
    builder.WebHost.UseSockets(SocketOptions.Set);
    builder.Services.AddChat(options);

    await using var app = builder.Build();
    app.MapChat();
    await app.StartAsync();
    StartLines.Print(app);
    await app.WaitForShutdownAsync();

    // A supervisor sees by the exit code that the service did not end because it was asked to.
    return app.Services.GetRequiredService<IMessageLog>().Stopped.IsFaulted ? ExitCodes.LogBroken : ExitCodes.Ok;
});
