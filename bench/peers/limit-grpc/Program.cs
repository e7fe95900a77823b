using System.Net;
using Grpc.AspNetCore.Server;
using GrpcChat.Bench.LimitGrpc;
using Microsoft.AspNetCore.Server.Kestrel.Core;

// limit-grpc: the service's gRPC stack without a log.
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    KestrelLimits.Set(kestrel.Limits);
    kestrel.Listen(IPAddress.Loopback, port: 0, listener => listener.Protocols = HttpProtocols.Http2);
});
builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true); // as in the service
builder.Services.AddSingleton<RoomList>();
builder.Services.AddSingleton<LimitService>();
builder.Services.AddGrpc().AddServiceOptions<LimitService>(limit => limit.MaxReceiveMessageSize = 1024 * 1024);
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

await using var app = builder.Build();
app.MapGrpcService<LimitService>();
await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.Single()}");
await app.WaitForShutdownAsync();
