namespace Chat.ConsoleClient.Screen;

/// <summary>What the screen wants to be done. The shell does it and reports back to <see cref="ScreenModel"/>.</summary>
internal abstract record Intent;

/// <summary>
/// Hand a text to the outbox, in this order; then <see cref="ScreenModel.Enqueued"/>, or <see cref="ScreenModel.Failed"/>.
/// </summary>
internal sealed record SendText(string Room, string Text) : Intent
{
    /// <summary>The line that shows it as pending.</summary>
    public required Entry Entry { get; init; }

    // Two equal texts are two sends.
    public bool Equals(SendText? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Join a room; its events answer.</summary>
internal sealed record JoinRoom(string Room) : Intent;

/// <summary>Leave a room; its event answers.</summary>
internal sealed record LeaveRoom(string Room) : Intent;

/// <summary>Read the page of history before an id, and hand it to the model.</summary>
internal sealed record LoadOlder(string Room, long BeforeId) : Intent;

/// <summary>Read the page of history after an id, and hand it to the model.</summary>
internal sealed record LoadNewer(string Room, long AfterId) : Intent;

/// <summary>Ask which rooms there are, and hand them to the model.</summary>
internal sealed record ListRooms : Intent;

/// <summary>Write the whole screen anew: <see cref="Renderer.Forget"/>.</summary>
internal sealed record Repaint : Intent;

/// <summary>End.</summary>
internal sealed record Quit : Intent;
