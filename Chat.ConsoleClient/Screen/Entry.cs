using Chat.Client;

namespace Chat.ConsoleClient.Screen;

/// <summary>One thing that a room shows: a message, or a notice of this program.</summary>
internal sealed class Entry
{
    /// <summary>The sender; empty for a notice.</summary>
    public string Sender { get; init; } = "";

    public required string Text { get; init; }

    /// <summary>When the service stored it, or when it was written here; null for what an earlier process wrote.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The id in its room; 0 where it has none (yet).</summary>
    public long Id { get; init; }

    /// <summary>The log that the id belongs to.</summary>
    public string LogId { get; init; } = "";

    public bool IsErased { get; init; }

    public bool IsNotice => Delivery == Delivery.Notice;

    public Delivery Delivery { get; set; }

    /// <summary>The key under which it is sent; null until the outbox has taken it.</summary>
    public string? Key { get; set; }

    /// <summary>Why it was refused.</summary>
    public string Reason { get; set; } = "";

    public static Entry Of(ChatMessage message, bool isOwn) => new()
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

/// <summary>How far a message has come.</summary>
internal enum Delivery
{
    /// <summary>It is no message.</summary>
    Notice,

    /// <summary>Somebody else's.</summary>
    FromOthers,

    /// <summary>One's own, without an answer.</summary>
    Pending,

    /// <summary>One's own, stored by the service.</summary>
    Stored,

    /// <summary>One's own, not stored, for the <see cref="Entry.Reason"/>.</summary>
    Refused,
}
