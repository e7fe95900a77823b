namespace GrpcChat.AspNetCore.Storage;

/// <summary>The options of a log, whatever it keeps its messages in.</summary>
internal sealed record LogOptions
{
    /// <summary>
    /// The most sends that may be in the log at once, queued or being stored; also the largest batch.
    /// </summary>
    public int MaxQueuedSends { get; init; } = 4096;

    public int MaxRooms { get; init; } = 100_000;

    public int MaxNewRoomsPerSenderAndMinute { get; init; } = 60;

    /// <summary>How long a batch waits for a lock that another process holds.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether to open a log that has lost messages or that nobody can tell to be complete. It gets a new id.
    /// </summary>
    public bool AcceptDataLoss { get; init; }

    /// <summary>Where the log measures itself.</summary>
    public LogMetrics Metrics { get; init; } = LogMetrics.None;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called on the writer's thread when a batch has been written but not committed. Tests hold the writer here to
    /// place a race, or throw to make the batch fail. The list is empty for a step that changes the log.
    /// </summary>
    public Action<IReadOnlyList<Append>>? BeforeCommit { get; init; }
}
