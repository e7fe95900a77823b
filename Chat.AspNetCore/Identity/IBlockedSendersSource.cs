namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// A message log that also keeps who is blocked, because several nodes share it. Other logs do not: the list is then a file
/// beside the log.
/// </summary>
internal interface IBlockedSendersSource
{
    /// <summary>Calls <paramref name="onChanged"/> with the list now and after each change, one call at a time.</summary>
    void WatchBlockedSenders(Action<IReadOnlyCollection<string>> onChanged);
}
