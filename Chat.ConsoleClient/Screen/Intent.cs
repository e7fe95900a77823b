namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Something that the model wants done. <see cref="IntentRunner"/> does it, and tells <see cref="ClientEventHandler"/>
/// the result.
/// </summary>
internal abstract record Intent;

/// <summary>
/// Enqueue a message. Messages are enqueued in the order of their requests.
/// </summary>
internal sealed record SendText(string Room, string Text) : Intent
{
    /// <summary>The pending entry that shows the message.</summary>
    public required Entry Entry { get; init; }

    // Two equal texts are two sends.
    public bool Equals(SendText? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Join a room. Events tell the result.</summary>
internal sealed record JoinRoom(string Room) : Intent;

/// <summary>Leave a room. An event tells the result.</summary>
internal sealed record LeaveRoom(string Room) : Intent;

/// <summary>Load the messages before an id.</summary>
internal sealed record LoadOlder(string Room, long BeforeId, int Count = LoadOlder.PageSize) : Intent
{
    public const int PageSize = 100;
}

/// <summary>Load the page of history after an id.</summary>
internal sealed record LoadNewer(string Room, long AfterId) : Intent;

/// <summary>Load the list of rooms: to show it to the user, or else for completion.</summary>
internal sealed record ListRooms(bool IsForUser) : Intent;

/// <summary>Redraw the whole screen.</summary>
internal sealed record Repaint : Intent;

/// <summary>Stop until the shell continues this process.</summary>
internal sealed record Suspend : Intent;

/// <summary>Quit.</summary>
internal sealed record Quit : Intent;
