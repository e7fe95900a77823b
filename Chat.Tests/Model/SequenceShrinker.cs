namespace GrpcChat.Tests.Model;

/// <summary>
/// Makes a sequence smaller: first fewer calls, then fewer rooms and clients, then fewer and simpler entries. Each
/// result is smaller than its source, so shrinking ends.
/// </summary>
internal static class SequenceShrinker
{
    private const string PlainRoom = "a";
    private const string PlainOffset = "k0";
    private const string PlainText = "one";

    public static IEnumerable<Call[]> Shrink(Call[] calls) =>
        Fewer(calls).Concat(OtherRooms(calls)).Concat(OtherClients(calls)).Concat(Each(calls, Smaller));

    // Replaces a room or a client in all calls at once. One by one, the calls would no longer belong together.
    private static IEnumerable<Call[]> OtherRooms(Call[] calls) =>
        from room in calls.SelectMany(call => call.Rooms).Where(room => room != PlainRoom).Distinct()
        select calls.Select(call => call.WithRooms(name => name == room ? PlainRoom : name)).ToArray();

    private static IEnumerable<Call[]> OtherClients(Call[] calls) =>
        from client in calls.Select(call => call.Client).Where(client => client > 0).Distinct()
        select calls.Select(call => call.Client == client ? call with { Client = 0 } : call).ToArray();

    private static IEnumerable<Call> Smaller(Call call)
    {
        if (call.Client > 0)
        {
            yield return call with { Client = 0 };
        }

        var rest = call switch
        {
            WriteCall { Batches.Length: 1 } write => Smaller(write.Batches[0]).Select(batch => (Call)new WriteCall(write.Client, batch)),
            WriteCall write => Fewer(write.Batches).Concat(Each(write.Batches, Smaller)).Select(batches => write with { Batches = batches }),
            HalfCloseCall close => Smaller(close.Batch).Select(batch => (Call)(close with { Batch = batch })).Prepend(new WriteCall(close.Client, close.Batch)),
            DropCall drop => Smaller(drop.Batch).Select(batch => (Call)(drop with { Batch = batch })).Prepend(new WriteCall(drop.Client, drop.Batch)),
            SendOnceCall once => Smaller(once.Send).Select(send => once with { Send = send }),
            OpenCall { First: { } first } open => Smaller(first).Select(join => open with { First = join }),
            _ => [],
        };
        foreach (var smaller in rest)
        {
            yield return smaller;
        }
    }

    private static IEnumerable<Batch> Smaller(Batch batch) =>
        Fewer(batch.Leaves).Concat(Each(batch.Leaves, room => Plainer(room, PlainRoom))).Select(leaves => batch with { Leaves = leaves })
            .Concat(Fewer(batch.Joins).Concat(Each(batch.Joins, Smaller)).Select(joins => batch with { Joins = joins }))
            .Concat(Fewer(batch.Sends).Concat(Each(batch.Sends, Smaller)).Select(sends => batch with { Sends = sends }));

    private static IEnumerable<JoinAsk> Smaller(JoinAsk join) =>
        Plainer(join.Room, PlainRoom).Select(room => join with { Room = room })
            .Concat(Plainer(join.After, "").Select(after => join with { After = after }))
            .Concat(Plainer(join.Log, "").Select(log => join with { Log = log }))
            .Concat(join.Limit == 0 ? [] : [join with { Limit = 0 }]);

    private static IEnumerable<SendAsk> Smaller(SendAsk send) =>
        Plainer(send.Room, PlainRoom).Select(room => send with { Room = room })
            .Concat(Plainer(send.Offset, PlainOffset).Select(offset => send with { Offset = offset }))
            .Concat(Plainer(send.Text, PlainText).Select(text => send with { Text = text }));

    private static string[] Plainer(string value, string plain) => value == plain ? [] : [plain];

    // Without one half, without the other, and without each single one.
    private static IEnumerable<T[]> Fewer<T>(T[] all)
    {
        if (all.Length > 2)
        {
            yield return all[..(all.Length / 2)];
            yield return all[(all.Length / 2)..];
        }

        for (var i = 0; i < all.Length; i++)
        {
            yield return [.. all[..i], .. all[(i + 1)..]];
        }
    }

    private static IEnumerable<T[]> Each<T>(T[] all, Func<T, IEnumerable<T>> smaller)
    {
        for (var i = 0; i < all.Length; i++)
        {
            foreach (var one in smaller(all[i]))
            {
                yield return [.. all[..i], one, .. all[(i + 1)..]];
            }
        }
    }
}
