using System.Diagnostics;
using System.Globalization;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;
using Xunit;

namespace GrpcChat.Verify.Tests.Checking;

/// <summary>How long a long history takes.</summary>
public sealed class SpeedTests
{
    private const int Rooms = 16;
    private const int Senders = 32;
    private const int Readers = 3;

    // Ten million events may take a minute and 2 GiB; fewer, in proportion.
    private static readonly int Events = int.Parse(Environment.GetEnvironmentVariable("CHECK_EVENTS") ?? "1000000", CultureInfo.InvariantCulture);
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1) * (Events / 10e6);
    private static readonly double MostBytes = (2L << 30) * (Events / 10e6);

    [Fact]
    public void Ten_million_events_are_checked_within_a_minute_and_2_GiB()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var recording = Record(Events);
        var begun = Stopwatch.GetTimestamp();

        var verdicts = Checker.Check(recording);

        var took = Stopwatch.GetElapsedTime(begun);
        Assert.All(verdicts, verdict => Assert.True(verdict.IsOk, $"{verdict}"));
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Current.SendDiagnosticMessage($"{recording.Events.Count:N0} events: {took}, {bytes >> 20} MiB");
        Assert.True(took < MostTime, $"It took {took} instead of {MostTime}.");
        Assert.True(bytes < MostBytes, $"It took {bytes} bytes instead of {MostBytes}.");
        if (Environment.GetEnvironmentVariable("CHECK_FILE") is { } file)
        {
            RecordingFile.Write(recording, file);
        }
    }

    /// <summary>
    /// A valid history: each message is sent, acked, received by some readers, and read again at the end.
    /// </summary>
    internal static Recording Record(int events)
    {
        var recording = new Recording();
        for (var room = 0; room < Rooms; room++)
        {
            recording.AddRoom($"room-{room}");
        }

        recording.NumberOfLog("log");
        var senders = Streams(recording, Senders, ClientRole.Sender);
        var readers = Streams(recording, Readers, ClientRole.Reader);
        for (var room = 0; room < Rooms; room++)
        {
            foreach (var reader in readers)
            {
                Join(recording, reader, room);
            }
        }

        var messages = events / (3 + Readers);
        for (var n = 0; n < messages; n++)
        {
            var (room, id, sender) = (n % Rooms, (n / Rooms) + 1, n % Senders);
            var key = recording.AddKey(new RecordedKey(recording.Sessions[senders[sender]].Client, room, n / Senders));
            recording.Add(HistoryEvent.Invoked(senders[sender], room, key, (ulong)n));
            foreach (var reader in readers)
            {
                recording.Add(HistoryEvent.Received(reader, room, id, key, (ulong)n));
            }

            recording.Add(HistoryEvent.Acked(senders[sender], room, key, (ulong)n, id, duplicate: false));
        }

        recording.Add(HistoryEvent.Settled());
        ReadAll(recording, messages);
        return recording;
    }

    private static void ReadAll(Recording recording, int messages)
    {
        var final = Streams(recording, 1, ClientRole.FinalReader)[0];
        for (var room = 0; room < Rooms; room++)
        {
            Join(recording, final, room);
            for (var n = room; n < messages; n += Rooms)
            {
                recording.Add(HistoryEvent.Received(final, room, (n / Rooms) + 1, n, (ulong)n));
            }

            recording.Add(HistoryEvent.CaughtUp(final, room, (messages + Rooms - 1 - room) / Rooms));
        }
    }

    private static void Join(Recording recording, int session, int room)
    {
        recording.Add(HistoryEvent.JoinAsked(session, room, 0, -1));
        recording.Add(HistoryEvent.Joined(session, room, 0, 0, (byte)V1.Resume.Complete));
    }

    private static int[] Streams(Recording recording, int count, ClientRole role) =>
    [
        .. Enumerable.Range(0, count).Select(n => recording.BeginSession(
            recording.AddClient(new RecordedClient($"{role}-{n}", $"{role}-{n}", role)))),
    ];
}
