namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// What one commit added to one room. It is valid only during the call of the <see cref="IMessageLog.Committed"/>
/// handler.
/// </summary>
internal abstract class RoomCommit
{
    public abstract string Room { get; }

    /// <summary>The newest id of the room after the commit.</summary>
    public abstract long Head { get; }

    /// <summary>
    /// Offers the new messages to the sink, in id order, until it declines one. A handler that does not need them does
    /// not pay for them.
    /// </summary>
    public abstract void Show(IMessageSink sink);
}
