using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// What a node knows of a room that it has met: the newest message that it has seen, and how far it has announced messages to the
/// room's followers. It is itself the lock around what it holds.
/// </summary>
internal sealed class SharedRoom(string name)
{
    /// <summary>While nobody follows the room, nothing is announced but the node's own messages.</summary>
    public const long Nothing = -1;

    private long seen;
    private long oldest = 1;
    private long erasures;
    private LogDamagedException? damage;

    public string Name { get; } = name;

    /// <summary>A head that was committed. A later look at the database cannot find an older one.</summary>
    public long Seen => Volatile.Read(ref seen);

    /// <summary>A message that was the oldest of those that are kept. All before it are removed.</summary>
    public long Oldest => Volatile.Read(ref oldest);

    /// <summary>Why the room is not served any more; null = it is.</summary>
    public LogDamagedException? Damage
    {
        get => Volatile.Read(ref damage);
        set => Volatile.Write(ref damage, value);
    }

    /// <summary>
    /// How often texts were erased, as far as the node knows: its copies of what it has read before that are old. Grows under the
    /// lock of <see cref="Copies"/>.
    /// </summary>
    public long Erasures
    {
        get => Volatile.Read(ref erasures);
        set => Volatile.Write(ref erasures, value);
    }

    /// <summary>The lock around what is announced and what is dropped.</summary>
    public Lock Copies { get; } = new();

    /// <summary>Whether somebody may follow the room.</summary>
    public bool IsFollowed { get; set; }

    /// <summary>Whether the node has let go of this object. Another one may stand for the room now.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>The last message that was announced; <see cref="Nothing"/> before the room is followed and a head is known.</summary>
    public long Announced { get; set; } = Nothing;

    /// <summary>How far to announce.</summary>
    public long Target { get; set; }

    /// <summary>Whether somebody is announcing. Only they may change <see cref="Announced"/>.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Reads from the database what others have stored, and announces it.</summary>
    public Task CatchingUp { get; set; } = Task.CompletedTask;

    /// <summary>Under the lock.</summary>
    public void See(long head, long oldestKept = 1)
    {
        Volatile.Write(ref seen, Math.Max(seen, head));
        Volatile.Write(ref oldest, Math.Max(oldest, oldestKept));
        Target = Math.Max(Target, head);
    }
}

/// <summary>What the database knows of a room: its bounds, and how often texts were erased in it.</summary>
internal readonly record struct SharedBounds(long Oldest, long Head, long Erasures)
{
    public static SharedBounds Empty { get; } = new(RoomBounds.Empty.Oldest, RoomBounds.Empty.Head, 0);
}
