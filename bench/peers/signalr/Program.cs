using GrpcChat.Bench.SignalR;

// A chat on an ASP.NET Core SignalR hub, as a peer of the benchmark. Takes --database FILE and listens on a free port.

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddSignalR();
builder.Services.AddSingleton(new MessageTable(builder.Configuration["database"] ?? "chat.db"));

var app = builder.Build();
app.MapHub<ChatHub>("/chat");
await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.Single()}");
await app.WaitForShutdownAsync();
await app.DisposeAsync();
