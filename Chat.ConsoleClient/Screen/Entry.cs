using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>An entry of a timeline: a message, or a notice from this program.</summary>
internal sealed class Entry
{
    // Clocks that are kept in step differ by less, for instance those of two machines that run the service in turn.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>The sender; empty for a notice.</summary>
    public string Sender { get; init; } = "";

    public required string Text { get; init; }

    /// <summary>
    /// When the service stored it; null if it has not. The clock of this machine may differ, so it is shown nowhere.
    /// </summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The time to show; null if nothing above it has one either.</summary>
    public DateTimeOffset? ShownAt { get; private set; }

    /// <summary>The id in the room; 0 if it has none (yet).</summary>
    public long Id { get; init; }

    /// <summary>The log that the id belongs to.</summary>
    public string LogId { get; init; } = "";

    public bool IsErased { get; init; }

    public bool IsNotice => Delivery == Delivery.Notice;

    public Delivery Delivery { get; set; }

    /// <summary>The client offset of an own message; null until the outbox has taken it.</summary>
    public string? ClientOffset { get; set; }

    /// <summary>Why it was refused.</summary>
    public string Reason { get; set; } = "";

    /// <summary>
    /// Sets the time to show, which does not run backwards if the service's clock goes back a little. If it goes back
    /// further, it was set, and everything after it would be wrong. False if nothing has changed.
    /// </summary>
    public bool Stamp(Entry? above)
    {
        var (before, earlier) = (ShownAt, above?.ShownAt);
        ShownAt = At is { } at && !(earlier > at && earlier - at < ClockTolerance) ? at : earlier;
        return ShownAt != before;
    }

    public static Entry Create(ChatMessage message, bool isOwn) => new()
    {
        Sender = message.Sender,
        Text = message.Text,
        At = message.SentAt,
        Id = message.Id,
        LogId = message.LogId,
        IsErased = message.IsErased,
        Delivery = isOwn ? Delivery.Stored : Delivery.FromOthers,
    };
}

/// <summary>The delivery of a message.</summary>
internal enum Delivery
{
    /// <summary>A notice, not a message.</summary>
    Notice,

    /// <summary>A message from somebody else.</summary>
    FromOthers,

    /// <summary>An own message without an answer.</summary>
    Pending,

    /// <summary>An own message that the service has stored.</summary>
    Stored,

    /// <summary>An own message that will not be stored; <see cref="Entry.Reason"/> says why.</summary>
    Refused,
}
