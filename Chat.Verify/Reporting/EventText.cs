using System.Globalization;
using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Reporting;

/// <summary>An event in words.</summary>
internal static class EventText
{
    public static string Of(Recording recording, int index)
    {
        ref var happened = ref recording.Events[index];
        var time = string.Create(CultureInfo.InvariantCulture, $"{happened.Time / 1e6,11:0.000000} s");
        if (happened.Kind is EventKind.FaultBegan or EventKind.FaultEnded)
        {
            return $"{time}  {NameOf((FaultKind)happened.Flag)} {(happened.Kind == EventKind.FaultBegan ? "begins" : "is over")}";
        }

        return happened.Kind == EventKind.Settled
            ? $"{time}  the time to settle is over"
            : $"{time}  {ClientOf(recording, happened)}, stream {happened.Session}: {What(recording, happened)}";
    }

    public static string NameOf(FaultKind fault) => fault switch
    {
        FaultKind.DiskFull => "disk-full",
        _ => fault.ToString().ToLowerInvariant(),
    };

    /// <summary>A client's name, without the random part.</summary>
    public static string NameOf(RecordedClient client) =>
        client.Prefix.LastIndexOf('-') is > 0 and var dash ? client.Prefix[..dash] : client.Prefix;

    private static string ClientOf(Recording recording, in HistoryEvent happened) =>
        NameOf(recording.Clients[recording.Sessions[happened.Session].Client]);

    private static string What(Recording recording, in HistoryEvent happened) => happened.Kind switch
    {
        EventKind.SessionBegan => "opens",
        EventKind.SessionEnded => happened.Flag == (byte)SessionEnd.Left ? "leaves" : "is broken off",
        EventKind.SendInvoked => $"sends {Message(recording, happened)}",
        EventKind.Acked => $"gets the ack{(happened.Flag == 1 ? " of a duplicate" : "")} with id {happened.Id} for {Message(recording, happened)}",
        EventKind.Refused => $"gets the refusal {(Reason)happened.Flag} for {Message(recording, happened)}",
        EventKind.Unknown => $"gets no answer for {Message(recording, happened)}",
        EventKind.JoinAsked => $"joins {recording.Rooms[happened.Room]} {Start(happened.Id)}{(happened.Key >= 0 ? $" of log {recording.Logs[happened.Key]}" : "")}",
        EventKind.Joined => $"is told that {recording.Rooms[happened.Room]} of log {recording.Logs[happened.Key]} follows after {happened.Id} ({(Resume)happened.Flag})",
        EventKind.Received => $"receives id {happened.Id}, {Message(recording, happened)}",
        EventKind.CaughtUp => $"is told that {recording.Rooms[happened.Room]} is complete up to {happened.Id}",
        _ => $"{happened.Kind}",
    };

    private static string Start(long position) => position switch
    {
        Position.Everything => "from the beginning",
        Position.Latest => "for new messages",
        _ => string.Create(CultureInfo.InvariantCulture, $"after {position}"),
    };

    private static string Message(Recording recording, in HistoryEvent happened)
    {
        var room = recording.Rooms[happened.Room];
        var text = happened.Text.ToString("x16", CultureInfo.InvariantCulture);
        if (happened.Key < 0)
        {
            return $"a message of nobody in this run to {room}, hash {text}";
        }

        ref var key = ref recording.Keys[happened.Key];
        return string.Create(
            CultureInfo.InvariantCulture, $"message {NameOf(recording.Clients[key.Client])}/{key.Number} to {room}, text {text}");
    }
}
