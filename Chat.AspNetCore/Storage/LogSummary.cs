namespace GrpcChat.AspNetCore.Storage;

/// <summary>What a message log, or a copy of one, holds.</summary>
public sealed class LogSummary
{
    internal LogSummary(string logId, int rooms, long messages, long clientOffsets) =>
        (LogId, Rooms, Messages, ClientOffsets) = (logId, rooms, messages, clientOffsets);

    /// <summary>The identity of the log: 32 lower-case hexadecimal digits. A position counts in the log with this id alone.</summary>
    public string LogId { get; }

    /// <summary>How many rooms have had a message.</summary>
    public int Rooms { get; }

    /// <summary>How many messages it holds, in all rooms.</summary>
    public long Messages { get; }

    /// <summary>How many client offsets it remembers: one for each message that was ever stored.</summary>
    public long ClientOffsets { get; }
}
