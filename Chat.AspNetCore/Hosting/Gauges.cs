using System.Diagnostics.Metrics;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Grpc;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Adds what is looked up when somebody asks to the service's meter: the log's contents, how full each bounded place
/// is, and how far the slowest stream is behind.
/// </summary>
internal sealed class Gauges(
    IMeterFactory meters,
    IMessageLog log,
    SessionHost sessions,
    TailMemory tails,
    PageLimiter pages,
    ChatOptions options)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(ChatMetrics.MeterName);
        meter.CreateObservableGauge("chat.rooms", () => log.Size.Rooms, "{room}", "Rooms that have had a message.");
        meter.CreateObservableGauge("chat.messages", () => log.Size.Messages, "{message}", "Messages in the log.");
        meter.CreateObservableGauge(
            "chat.log.readable", () => Flag(log.Health.ReadProblem), "1", "1 if messages can be read, 0 if not.");
        meter.CreateObservableGauge(
            "chat.log.writable", () => Flag(log.Health.WriteProblem), "1", "1 if messages can be stored, 0 if not.");
        meter.CreateObservableGauge(
            "chat.delivery.lag",
            () => sessions.SlowestLag,
            "{message}",
            "Messages that the slowest stream has still to be sent, in the room where it is furthest behind.");

        Bounded(
            "chat.log.queue", "{message}", () => log.QueuedSends, options.MaxQueuedSends, "Sends that wait for the disk.");
        Bounded("chat.tail.size", "By", () => tails.Bytes, options.MaxTailBytes, "Memory of the newest messages.");
        Bounded(
            "chat.pages", "{page}", () => pages.Count, options.MaxPagesAtOnce, "Pages that are read or not taken yet.");
        return Task.CompletedTask;

        static int Flag(string? problem) => problem is null ? 1 : 0;

        void Bounded(string name, string unit, Func<long> value, long limit, string description)
        {
            meter.CreateObservableGauge(name, value, unit, description);
            meter.CreateObservableGauge(name + ".limit", () => limit, unit, "The bound of " + name + ".");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
