using FsCheck;
using FsCheck.Fluent;

namespace GrpcChat.Tests.Model;

/// <summary>
/// Generates sequences of 3 to 12 calls. They use only a few rooms, client offsets and texts, so that repetitions are
/// frequent: a client offset that is used again, a room that is joined again, a limit that is reached.
/// </summary>
internal static class SequenceGenerator
{
    private const int LeastCalls = 3;
    private const int MostCalls = 12;

    private static readonly Gen<string> Rooms =
        Gen.Frequency((8, One("a")), (4, One("b")), (2, One("c")), (1, One("d")), (1, One("e")));

    private static readonly Gen<string> NoRooms =
        Gen.Elements("", "Nope", "-", ".hidden", "a/b", "a b", "nul\0", "näh", new string('l', 65), new string('é', 100));

    private static readonly Gen<string> Offsets = Gen.Frequency(
        (16, One("k0")),
        (8, One("k1")),
        (4, One("k2")),
        (1, One("ключ")),
        (1, One(new string('m', 128))),
        (1, Gen.Elements("", "a\tb", "del\u007f", new string('n', 129), new string('é', 65))));

    private static readonly Gen<string> Texts = Gen.Frequency(
        (16, One("one")),
        (6, One("two")),
        (1, Gen.Elements(new string('x', 64), new string('é', 32), "😀")),
        (1, Gen.Elements(new string('x', 65), new string('é', 33), new string('y', 300))),
        (1, Gen.Elements("", "n\0l", "\0")));

    private static readonly Gen<string> Positions = Gen.Frequency(
        (8, One("")),
        (3, One("latest")),
        (6, One("seen")),
        (2, One("ahead")),
        (4, Gen.Elements("0", "1", "2", "3")),
        (1, One($"{long.MaxValue}")),
        (1, Gen.Elements("-2", $"{long.MinValue}")));

    private static readonly Gen<string> Logs = Gen.Frequency((6, One("")), (3, One("right")), (2, One("wrong")));

    private static readonly Gen<int> ReplayLimits =
        Gen.Frequency((8, One(0)), (7, One(1)), (3, One(2)), (1, One(int.MaxValue)), (1, Gen.Elements(-1, int.MinValue)));

    private static readonly Gen<SendAsk> Sends =
        from room in Gen.Frequency((20, Rooms), (2, One("")), (1, NoRooms))
        from offset in Offsets
        from text in Texts
        select new SendAsk(room, offset, text);

    private static readonly Gen<JoinAsk> Joins =
        from room in Gen.Frequency((10, Rooms), (10, Gen.Elements("a", "b", "c", "d", "e")), (1, NoRooms))
        from after in Positions
        from log in Logs
        from limit in ReplayLimits
        select new JoinAsk(room, after, log, limit);

    private static readonly Gen<string> Leaves = Gen.Frequency((10, Rooms), (1, NoRooms));

    private static readonly Gen<Batch> Batches = Gen.Frequency(
        (4, from send in Sends select Batch.Of(send)),
        (2, from asked in Joins select Batch.Empty with { Joins = [asked] }),
        (1, from leave in Leaves select Batch.Empty with { Leaves = [leave] }),
        (4, from leaves in UpTo(2, Leaves)
            from joins in UpTo(3, Joins)
            from sends in UpTo(4, Sends)
            select new Batch(leaves, joins, sends)));

    private static readonly Gen<int> ClientNumbers = Gen.Choose(0, Clients.Count - 1);

    private static readonly Gen<Call> Calls = Gen.Frequency(
        (10, from client in ClientNumbers from batch in Batches select (Call)new WriteCall(client, batch)),
        (2, from client in ClientNumbers from first in Batches from second in Batches select (Call)new WriteCall(client, first, second)),
        (2, from client in ClientNumbers from batch in Batches select (Call)new HalfCloseCall(client, batch)),
        (3, from client in ClientNumbers from batch in Batches select (Call)new DropCall(client, batch)),
        (3, from client in ClientNumbers from send in Sends select (Call)new SendOnceCall(client, send)),
        (3, from client in ClientNumbers from asked in Joins select (Call)new OpenCall(client, asked)),
        (1, from client in ClientNumbers select (Call)new OpenCall(client, null)));

    /// <summary>Generates sequences and makes them smaller.</summary>
    public static Arbitrary<Call[]> Sequences { get; } =
        Arb.From(Gen.Choose(LeastCalls, MostCalls).SelectMany(length => Calls.ArrayOf(length)), SequenceShrinker.Shrink);

    private static Gen<T> One<T>(T value) => Gen.Constant(value);

    private static Gen<T[]> UpTo<T>(int most, Gen<T> elements) => Gen.Choose(0, most).SelectMany(length => elements.ArrayOf(length));
}
