namespace Chat.Client.Delivery;

/// <summary>A place in a room: the last message that was taken, of one log. It is never in between of two logs.</summary>
/// <param name="Epoch">Grows with each log that the client has met, so that places in two of them can be compared.</param>
/// <param name="LogId">The log.</param>
/// <param name="Id">The id of the last message; 0 before the first.</param>
internal readonly record struct Position(long Epoch, string LogId, long Id)
{
    public bool IsBefore(Position other) => Epoch < other.Epoch || (Epoch == other.Epoch && Id < other.Id);
}
