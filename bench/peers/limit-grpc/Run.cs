namespace Chat.Bench.LimitGrpc;

/// <summary>
/// Messages of a room that came together, encoded once for all who read it. A reader holds the run that it has sent last,
/// and goes on to the next; what all have left behind is collected.
/// </summary>
/// <param name="Bytes">The entries of a response's messages.</param>
/// <param name="LastId">The id of the last.</param>
internal sealed record Run(ReadOnlyMemory<byte> Bytes, long LastId)
{
    /// <summary>Nothing is added to a run that has as much: a frame takes several.</summary>
    public const int FullBytes = 15 * 1024;

    private Run? next;

    public Run? Next => Volatile.Read(ref next);

    public Run Then(Run following)
    {
        Volatile.Write(ref next, following);
        return following;
    }
}
