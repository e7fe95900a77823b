using System.Diagnostics.Metrics;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>What the application's options say about the log, wherever it is kept.</summary>
internal static class LogOptionsFactory
{
    public static LogOptions Create(IServiceProvider services)
    {
        var options = services.GetRequiredService<ChatOptions>();
        return new LogOptions
        {
            MaxQueuedSends = options.MaxQueuedSends,
            MaxRooms = options.MaxRooms,
            MaxNewRoomsPerSenderAndMinute = options.MaxNewRoomsPerSenderAndMinute,
            LockTimeout = options.LockTimeout,
            AcceptDataLoss = options.AcceptDataLoss,
            Metrics = new LogMetrics(services.GetRequiredService<IMeterFactory>().Create(ChatMetrics.MeterName)),
            Time = services.GetRequiredService<TimeProvider>(),
        };
    }
}
