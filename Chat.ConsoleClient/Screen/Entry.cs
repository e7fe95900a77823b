using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>An entry of a timeline: a message, or a notice from this program.</summary>
internal sealed class Entry
{
    /// <summary>The sender; empty for a notice.</summary>
    public string Sender { get; init; } = "";

    public required string Text { get; init; }

    /// <summary>
    /// When the service stored it, or when it was typed here; null for a message of an earlier process.
    /// </summary>
    public DateTimeOffset? At { get; init; }

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
