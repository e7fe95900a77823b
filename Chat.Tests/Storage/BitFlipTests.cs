using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>
/// One bit of the database or its write-ahead log is flipped while no service runs. Whatever happens then, nobody is
/// given a changed text, another order, or a gap without being told.
/// </summary>
public sealed class BitFlipTests(ITestOutputHelper output) : SqliteMessageLogTest
{
    private const int DefaultFlips = 300;
    private const int Seed = 15;

    private static readonly string[] Rooms = ["lobby", "ops", "a-room"];
    private static readonly string[] Senders = ["ann", "bob", "carol"];

    private static readonly string[] Files = ["chat.db", "chat.db-wal", "chat.db.witness"];

    // For a longer run: CHAT_BIT_FLIPS=5000 dotnet test Chat.Tests --filter FullyQualifiedName~BitFlipTests
    private static readonly int Flips = int.Parse(
        Environment.GetEnvironmentVariable("CHAT_BIT_FLIPS") ?? $"{DefaultFlips}", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("", 0)]
    [InlineData("-wal", 1)]
    public async Task No_flipped_bit_changes_what_is_delivered_without_a_word(string suffix, int part)
    {
        var stored = await StoreAsync(isClosed: suffix.Length == 0);
        var files = Directory.GetFiles(Image).ToDictionary(path => path, File.ReadAllBytes);
        var random = new Random(Seed + part);
        var outcomes = new Dictionary<string, int>();
        for (var i = 0; i < Flips; i++)
        {
            foreach (var path in Directory.GetFiles(Image))
            {
                File.Delete(path);
            }

            foreach (var (path, content) in files)
            {
                await File.WriteAllBytesAsync(path, content);
            }

            var flipped = Path.Combine(Image, "chat.db" + suffix);
            var bytes = (byte[])files[flipped].Clone();
            var bit = random.NextInt64(bytes.Length * 8L);
            bytes[bit / 8] ^= (byte)(1 << (int)(bit % 8));
            await File.WriteAllBytesAsync(flipped, bytes);

            var outcome = await OutcomeAsync(stored, bit);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        output.WriteLine($"chat.db{suffix}: " + string.Join(", ", outcomes.Select(o => $"{o.Value} {o.Key}")));
    }

    private string Image => Path.Combine(TempPath, "image");

    // What a client learns that knows everything: it asks for all of each room, with the log id that it knows.
    private async Task<string> OutcomeAsync(Stored stored, long bit)
    {
        SqliteMessageLog log;
        try
        {
            log = SqliteMessageLog.Open(Image);
        }
        catch (LogOpenException)
        {
            return "refused at start";
        }

        await using (log)
        {
            if (log.LogId != stored.LogId)
            {
                return "told by another log id";
            }

            try
            {
                foreach (var (room, messages) in stored.Rooms)
                {
                    var bounds = await log.BoundsAsync(room, default);
                    Assert.True(
                        bounds == new RoomBounds(1, messages.Count), $"bit {bit}: room {room} has {bounds} without a word");
                    Assert.True(
                        messages.SequenceEqual(await log.AllAsync(room)), $"bit {bit}: room {room} has other messages");
                }

                Assert.Equal(
                    stored.Rooms.Keys.Order(StringComparer.Ordinal),
                    (await log.ListRoomsAsync("", 10, default)).Select(room => room.Name));
            }
            catch (Exception error) when (error is LogDamagedException or StoreUnavailableException)
            {
                return "told when it was read";
            }
        }

        return "harmless";
    }

    // A log whose files are copied: closed, so that everything is in the database, or as a killed service leaves it.
    private async Task<Stored> StoreAsync(bool isClosed)
    {
        var log = Open();
        for (var i = 0; i < 120; i++)
        {
            await new RecordingStream(log, Senders[i % 3]).SendAsync(Rooms[i % 2 == 0 ? 0 : i % 3], $"{i}", $"text {i} {new string('x', i)}");
        }

        var stored = new Stored(log.LogId, []);
        foreach (var room in Rooms)
        {
            stored.Rooms.Add(room, await log.PageAsync(room));
        }

        if (isClosed)
        {
            await CloseAsync(log);
        }
        else
        {
            new HeadWitness(log.LogId, 120).Write(DatabasePath);
        }

        Directory.CreateDirectory(Image);
        foreach (var name in Files.Where(name => File.Exists(Path.Combine(DataDirectory, name))))
        {
            await using var from = new FileStream(
                Path.Combine(DataDirectory, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = File.Create(Path.Combine(Image, name));
            await from.CopyToAsync(to);
        }

        return stored;
    }

    private sealed record Stored(string LogId, Dictionary<string, List<ReadMessage>> Rooms);
}
