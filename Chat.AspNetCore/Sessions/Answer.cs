using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>What a session still has to tell its client about one send, join or leave: one of the records below.</summary>
internal abstract record Answer
{
    private Answer()
    {
    }

    /// <summary>The log has answered a send: it is stored, or it is refused.</summary>
    public sealed record OfLog(Append Append) : Answer;

    /// <summary>A send was refused before it reached the log.</summary>
    public sealed record Refused(Refusal Refusal) : Answer;

    /// <summary>A room is joined.</summary>
    public sealed record Joined(RoomPosition Position) : Answer;

    /// <summary>A room was left, or a join was refused. A limit that was reached has its option's name.</summary>
    public sealed record RoomLeft(Left Left, string? Limit) : Answer;
}
