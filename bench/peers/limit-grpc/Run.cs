namespace GrpcChat.Bench.LimitGrpc;

/// <summary>
/// Messages of a room that arrived together, encoded once for all readers. A reader holds the run that it sent last and
/// continues with the next; runs that no reader holds any more are garbage collected.
/// </summary>
/// <param name="Bytes">Encoded entries of a response's messages.</param>
/// <param name="LastId">The id of its last message.</param>
internal sealed record Run(ReadOnlyMemory<byte> Bytes, long LastId)
{
    /// <summary>A run of this size is full: a frame holds several.</summary>
    public const int FullBytes = 15 * 1024;

    private Run? next;

    public Run? Next => Volatile.Read(ref next);

    public Run Then(Run following)
    {
        Volatile.Write(ref next, following);
        return following;
    }
}
