namespace GrpcChat.Client.State;

/// <summary>A position in a room: the last message that was processed, and the log that it belongs to.</summary>
/// <param name="Epoch">
/// Grows with each log that the client meets, so that positions in two logs can be compared.
/// </param>
/// <param name="LogId">The log.</param>
/// <param name="Id">The id of the last message; 0 before the first.</param>
internal readonly record struct Position(long Epoch, string LogId, long Id)
{
    public bool IsBefore(Position other) => Epoch < other.Epoch || (Epoch == other.Epoch && Id < other.Id);
}
