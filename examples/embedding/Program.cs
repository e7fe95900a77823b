var builder = WebApplication.CreateBuilder(args);
builder.Services.AddGrpcChat(builder.Configuration.GetSection("Chat"));
builder.Services.UseGrpcChatShutdownTimeout();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.UseGrpcChatLimits());

var app = builder.Build();
app.MapGrpcChat();
app.Run();
