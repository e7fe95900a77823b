namespace GrpcChat.AspNetCore.Storage;

/// <summary>What the application may know of the message log. Get it from the application's services.</summary>
public sealed class MessageLogInfo
{
    private readonly IMessageLog log;

    internal MessageLogInfo(IMessageLog log) => this.log = log;

    /// <summary>Where the log is, for people: the path of its file.</summary>
    public string Location => log.Location;

    /// <summary>How many rooms have had a message.</summary>
    public int RoomCount => log.Size.Rooms;

    /// <summary>How many messages the log holds now, in all rooms.</summary>
    public long MessageCount => log.Size.Messages;

    /// <summary>
    /// Completes when the log has been closed. Faults when the log can no longer tell what is stored: the application
    /// stops then, and has to be started again.
    /// </summary>
    public Task Stopped => log.Stopped;

    /// <summary>
    /// Completes when the log's writer has finished what it is doing now, or has nothing to do. A watchdog that waits for
    /// this in vain knows that the writer is stuck, such as on a disk that does not answer.
    /// </summary>
    public Task PingAsync() => log.PingAsync();
}
