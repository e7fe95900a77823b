using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service;
using GrpcChat.Service.Control;
using GrpcChat.Service.Edge;
using GrpcChat.Service.Management;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

using var fileSizeSignal = FileSizeSignal.Ignore();
return await ServiceCommand.RunAsync(args, async settings =>
{
    var edge = settings.Edge;
    ListenAddress.EnsureFree(edge.Endpoint, ServiceOption.Listen);
    if (edge.Management is not null)
    {
        ListenAddress.EnsureFree(edge.Management, ServiceOption.Management);
    }

    var control = new ControlSocket();

    // An empty builder reads nothing from the working directory and watches no files.
    var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
    builder.Logging.ToStandardError(settings.Logging, settings.LogsJson);
    builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets(SocketOptions.Set).ConfigureKestrel(kestrel =>
    {
        kestrel.UseGrpcChatLimits();
        kestrel.AllowAlternateSchemes = edge.TrustedProxies.Any; // One that takes off TLS may leave "https" in the calls.
        kestrel.Listen(edge.Endpoint, listener =>
        {
            listener.Protocols = HttpProtocols.Http2;
            edge.ProxyProtocol?.Use(listener);
            edge.Tls?.Use(listener);
            listener.UseGrpcChatFloodLimit(edge.Connections.Refuse);
        });
        kestrel.ListenForManagement(edge.Management);
        kestrel.ListenForControl();
    });
    builder.Configuration.AddConfiguration(settings.Authentication);
    builder.Services.AddSingleton(edge.Connections).AddSingleton<LimitCounter>()
        .AddSingleton<IConnectionListenerFactory, LimitedTransport>();
    builder.Services.Configure<SocketTransportOptions>(control.UseIn);
    builder.Services.AddChatAuthentication(edge);
    builder.Services.AddManagement();
    builder.AddTelemetry(settings.Telemetry, hasPage: edge.Management is not null);
    builder.Services.AddSystemdNotifications();
    builder.Services.AddGrpcChat(settings.Chat).AddGrpcChatReflection().UseGrpcChatShutdownTimeout();
    builder.Services.AddSingleton(provider =>
        new BlockedUsers(provider.GetRequiredService<ChatOptions>().Data!, settings.Log));
    if (settings.Log is { } database)
    {
        builder.Services.AddGrpcChatPostgres(database, settings.ReadReplicas);
    }

    await using var app = builder.Build();

    // Opened before the host starts, which would log a failure with a stack trace.
    if (await LogStart.OpenAsync(app.Services) is not { } log)
    {
        return ExitCodes.Ok;
    }

    var chat = app.Services.GetRequiredService<ChatOptions>();
    using var bound = control.Bind(chat.Data!); // Ends before the log is closed.
    StopDeadline.Watch(chat.DrainLimit, ExitCode, app.Lifetime.ApplicationStopping);
    app.UseControl(ControlPages.MapAll);
    if (edge.Management is not null)
    {
        app.UseManagement();
    }

    edge.TrustedProxies.Use(app);
    if (edge.HasAuthentication)
    {
        app.UseAuthentication(); // Otherwise the host adds it ahead of what is used here.
    }

    app.UseRouting();
    app.MapGrpcChat();
    app.MapGrpcChatHealth();
    app.MapGrpcChatReflection();
    await app.StartAsync();
    StartLines.Print(app, edge);
    await app.WaitForShutdownAsync();

    return ExitCode();

    // A supervisor sees from the exit code that the service did not end because it was asked to.
    int ExitCode() => log.Stopped.IsFaulted ? ExitCodes.LogBroken : ExitCodes.Ok;
});
