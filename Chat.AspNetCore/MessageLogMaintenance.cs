using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore;

/// <summary>
/// What whoever runs the chat does to an open message log, beside streams that read it and write to it. Get it from the
/// application's services; where no service has the log open, <see cref="MessageLogDirectory.Open"/> opens it.
/// </summary>
public sealed class MessageLogMaintenance : IAsyncDisposable
{
    private readonly IMessageLog log;
    private readonly bool ownsLog;

    /// <param name="log">The log.</param>
    /// <param name="ownsLog">Whether to close it with this.</param>
    internal MessageLogMaintenance(IMessageLog log, bool ownsLog) => (this.log, this.ownsLog) = (log, ownsLog);

    /// <summary>Where the log is, for people: the path of its file.</summary>
    public string Location => log.Location;

    /// <summary>Closes the log, if this has opened it.</summary>
    public ValueTask DisposeAsync() => ownsLog ? log.DisposeAsync() : ValueTask.CompletedTask;
}
