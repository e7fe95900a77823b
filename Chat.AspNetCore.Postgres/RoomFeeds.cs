using System.Collections.Concurrent;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.GroupCommit;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Announces to each followed room what was stored in it, by this node and by others, in the order of the ids. What this node has
/// stored is announced from memory where it follows what was announced before; everything else is read from the database, by one
/// reader for each room.
/// </summary>
/// <param name="reader">Reads what other nodes have stored.</param>
/// <param name="announce">Hands a commit to those who follow rooms. It neither blocks nor throws.</param>
/// <param name="onErased">Is told in which room copies of messages are old. It neither blocks nor throws.</param>
/// <param name="onDamaged">Is told of damage, once for each room.</param>
/// <param name="stopping">Ends the reading.</param>
internal sealed class RoomFeeds(
    PostgresReader reader,
    Action<RoomCommit> announce,
    Action<string> onErased,
    Action<LogDamagedException> onDamaged,
    CancellationToken stopping)
{
    private readonly ConcurrentDictionary<string, SharedRoom> rooms = [];

    // Those that somebody may follow.
    private readonly ConcurrentDictionary<string, SharedRoom> followed = [];

    /// <summary>Says whether somebody follows a room now. Null = every room that was ever followed.</summary>
    public Func<string, bool>? Follows { get; set; }

    /// <summary>Completes when nothing is read any more. Only after the end was asked for.</summary>
    public Task Ended => Task.WhenAll(rooms.Values.Select(room => room.CatchingUp));

    /// <summary>A room that exists or is followed; null for the others, of which nothing is kept.</summary>
    public SharedRoom? Find(string name) => rooms.GetValueOrDefault(name);

    /// <summary>
    /// From now on, what others store in the room is announced. Called before its bounds are read: whoever follows the room gets
    /// everything after these bounds.
    /// </summary>
    public SharedRoom Follow(string name) => With(name, room =>
    {
        room.IsFollowed = true;
        followed.TryAdd(name, room);
        return room;
    });

    /// <summary>The rooms that somebody follows, with the head of each that this node has seen. Forgets the others.</summary>
    public List<(SharedRoom Room, long Seen)> Followed()
    {
        var heads = new List<(SharedRoom Room, long Seen)>();
        foreach (var (name, room) in followed)
        {
            // In this order: whoever follows the room meanwhile puts it back.
            followed.TryRemove(name, out _);
            if (Follows?.Invoke(name) != false)
            {
                followed.TryAdd(name, room);
                heads.Add((room, room.Seen));
                continue;
            }

            lock (room)
            {
                if (!followed.ContainsKey(name))
                {
                    room.IsFollowed = false;
                    room.Announced = room.IsBusy ? room.Announced : SharedRoom.Nothing;

                    // Anybody may ask for any name.
                    room.IsForgotten = room is { Seen: 0, IsBusy: false, Damage: null };
                    if (room.IsForgotten)
                    {
                        rooms.TryRemove(new(name, room));
                    }
                }
            }
        }

        return heads;
    }

    /// <summary>A hint of another node. It may be late, and it is not trusted with more than a look.</summary>
    public void OnHint(string name, long head)
    {
        if (followed.TryGetValue(name, out var room) && room.Damage is null)
        {
            lock (room)
            {
                room.Target = Math.Max(room.Target, head);
                CatchUpIfBehind(room);
            }
        }
    }

    /// <summary>A room as it was read from the database.</summary>
    /// <param name="room">The room.</param>
    /// <param name="bounds">What the database has.</param>
    /// <param name="seen"><see cref="SharedRoom.Seen"/> before the database was asked.</param>
    public void OnRead(SharedRoom room, SharedBounds bounds, long seen)
    {
        if (bounds.Head < seen)
        {
            OnDamaged(room.Name, new LogDamagedException(
                $"room {room.Name}: the newest message was {seen} and is {bounds.Head} now; the database was restored or has lost "
                + "messages: give it a new log id"));
            return;
        }

        lock (room)
        {
            See(room, bounds.Erasures);
            room.See(bounds.Head, bounds.Oldest);
            if (room.IsFollowed)
            {
                if (room.Announced == SharedRoom.Nothing && !room.IsBusy)
                {
                    room.Announced = bounds.Head;
                }

                CatchUpIfBehind(room);
            }
        }
    }

    /// <summary>This node has erased texts of the room, as often as that has been done now.</summary>
    public void OnErased(string name, long erasures) => With(name, room =>
    {
        See(room, erasures);
        return room;
    });

    /// <summary>This node has stored messages. Called in the order of the room's commits by this node.</summary>
    /// <param name="name">The room.</param>
    /// <param name="added">The messages.</param>
    /// <param name="erasures"><see cref="SharedRoom.Erasures"/> before they were stored; 0 if the room was not known.</param>
    public void OnStored(string name, Added added, long erasures)
    {
        var room = With(name, room =>
        {
            room.See(added.Last);
            var follows = room.Announced == SharedRoom.Nothing || room.Announced == added.First - 1;
            if (room.IsBusy || room.Announced >= added.Last || !follows)
            {
                CatchUpIfBehind(room);
                return null;
            }

            room.IsBusy = true;
            return room;
        });
        if (room is null)
        {
            return;
        }

        var commit = new CommittedAppends { SentAt = added.SentAt }.Of(room.Name, added.Last, added.FirstAppend);
        var isAnnounced = TryAnnounce(room, commit, erasures);
        lock (room)
        {
            room.IsBusy = false;
            room.Announced = !room.IsFollowed ? SharedRoom.Nothing : isAnnounced ? added.Last : added.First - 1;
            CatchUpIfBehind(room);
        }
    }

    /// <summary>The room is not what was stored: from now on it is not served, and its followers are told so.</summary>
    public void OnDamaged(string name, LogDamagedException damage)
    {
        var room = With(name, room =>
        {
            var isFirst = room.Damage is null;
            room.Damage ??= damage;
            return isFirst ? room : null;
        });
        if (room is not null)
        {
            onDamaged(damage);

            // Its followers look for a message after the last one and find that the room is damaged.
            announce(new WakeUp(room.Name, room.Seen + 1));
        }
    }

    // Runs it under the lock of the object that stands for the room.
    private T With<T>(string name, Func<SharedRoom, T> run)
    {
        while (true)
        {
            var room = rooms.GetOrAdd(name, static name => new SharedRoom(name));
            lock (room)
            {
                if (!room.IsForgotten)
                {
                    return run(room);
                }
            }
        }
    }

    // Under the lock of the room.
    private void CatchUpIfBehind(SharedRoom room)
    {
        if (!room.IsBusy && room.IsFollowed && room.Announced != SharedRoom.Nothing && room.Target > room.Announced
            && room.Damage is null && !stopping.IsCancellationRequested)
        {
            room.IsBusy = true;
            room.CatchingUp = Task.Run(() => CatchUpAsync(room, room.Announced));
        }
    }

    private async Task CatchUpAsync(SharedRoom room, long announced)
    {
        try
        {
            while (true)
            {
                long target;
                lock (room)
                {
                    target = room.Target;
                    room.Announced = announced;
                    if (target <= announced || !room.IsFollowed)
                    {
                        room.IsBusy = false;
                        room.Announced = room.IsFollowed ? announced : SharedRoom.Nothing;
                        return;
                    }
                }

                var page = new StoredPage(room.Name);
                var erasures = room.Erasures;
                var last = await reader.ReadAsync(room.Name, announced, target, room.Seen, page, stopping);
                if (last == announced)
                {
                    // A hint that came true nowhere.
                    Stop(room, announced);
                    return;
                }

                // Removed before this node has seen them: the followers are told so when they look.
                RoomCommit commit = last is null ? new WakeUp(room.Name, await FindRemovedAsync(room)) : page;
                lock (room)
                {
                    room.See(commit.Head);
                }

                announced = TryAnnounce(room, commit, erasures) ? commit.Head : announced;
            }
        }
        catch (LogDamagedException damage)
        {
            OnDamaged(room.Name, damage);
            Stop(room, announced);
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException)
        {
            // The next look at the heads begins again.
            Stop(room, announced);
        }
    }

    private static void Stop(SharedRoom room, long announced)
    {
        lock (room)
        {
            room.IsBusy = false;
            room.Announced = room.IsFollowed ? announced : SharedRoom.Nothing;
            room.Target = Math.Max(announced, room.Seen);
        }
    }

    private async Task<long> FindRemovedAsync(SharedRoom room) =>
        (await reader.ReadBoundsAsync([room.Name], stopping)).GetValueOrDefault(room.Name, SharedBounds.Empty).Oldest - 1;

    // False if texts were erased since the messages were read or stored: then they have to be read again.
    private bool TryAnnounce(SharedRoom room, RoomCommit commit, long erasures)
    {
        lock (room.Copies)
        {
            if (room.Erasures != erasures)
            {
                return false;
            }

            announce(commit);
            return true;
        }
    }

    private void See(SharedRoom room, long erasures)
    {
        if (erasures > room.Erasures)
        {
            lock (room.Copies)
            {
                room.Erasures = erasures;
                onErased(room.Name);
            }
        }
    }

    // There is something to look for, and nothing to show.
    private sealed class WakeUp(string room, long head) : RoomCommit
    {
        public override string Room => room;

        public override long Head => head;

        public override void Show(IMessageSink sink)
        {
        }
    }
}
