namespace Chat.Client.Delivery;

/// <summary>A room that the application has joined, and how far the stream is with that.</summary>
internal sealed class FollowedRoom(string name, JoinFrom from, Position? received)
{
    public string Name { get; } = name;

    /// <summary>Where it begins as long as there is no position.</summary>
    public JoinFrom From { get; } = from;

    /// <summary>The last message that was put into the event queue; null before the first answer to a join.</summary>
    public Position? Received { get; set; } = received;

    public JoinPhase Phase { get; set; }

    /// <summary>The join of this stream was told to the application; one after a pause is no news.</summary>
    public bool IsAnnounced { get; set; }

    public bool IsCaughtUp { get; set; }

    /// <summary>What waits for the first answer.</summary>
    public TaskCompletionSource Joined { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>How far a join is.</summary>
internal enum JoinPhase
{
    /// <summary>To be sent with the next request.</summary>
    ToJoin,

    /// <summary>Sent; messages that come before its answer are of an earlier join.</summary>
    JoinSent,

    Joined,

    /// <summary>The application does not take its events: to be left with the next request.</summary>
    ToPause,

    /// <summary>Left, until the application has taken the half of what waits for it.</summary>
    Paused,
}
