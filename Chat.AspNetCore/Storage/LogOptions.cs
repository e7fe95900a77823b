namespace Chat.AspNetCore.Storage;

/// <summary>What every log is told when it is opened.</summary>
internal sealed record LogOptions
{
    /// <summary>Sends in the log at once, waiting or being stored; also the largest batch.</summary>
    public int MaxQueuedSends { get; init; } = 4096;

    public int MaxRooms { get; init; } = 100_000;

    public int MaxNewRoomsPerSenderAndMinute { get; init; } = 60;

    /// <summary>How long a batch waits for another process that holds the database's write lock.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called on the writer's thread when a batch has been written and not yet committed: where tests hold the writer
    /// to place a race, or throw to fail the batch.
    /// </summary>
    public Action<IReadOnlyList<Append>>? BeforeCommit { get; init; }
}
