using Chat.V1;
using Grpc.Core;
using Grpc.Net.Client;
using static System.Text.Encoding;
using static Chat.ConsoleClient.TerminalText;

namespace Chat.ConsoleClient;

/// <summary>Follows a room and empties the outbox, over as many streams as that takes.</summary>
internal sealed class ChatConnection(string address, string user, string room, Outbox outbox)
{
    private TimeSpan patience = TimeSpan.FromSeconds(50); // With silence, until the service says how long it may last.
    private string logId = "", said = ""; // What was said last is not said again.
    private long? lastSeenId, caughtUpAt;
    private ChatResponse? last;
    public int Refusals { get; private set; }

    /// <summary>True when all is sent and answered, or when asked to stop; false where coming back is no use.</summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        for (var failures = 0; ; failures++)
        {
            var status = await StreamAsync(stop);
            if (status.StatusCode == StatusCode.OK || stop.IsCancellationRequested) return true;
            var isFinal = last is { GoAway.Reconnect: false }
                || ErrorTable.Find(status.StatusCode, reason: "").ComeBack == ComeBack.No;
            Say(status.DebugException is null ? $"{status.StatusCode}: {status.Detail}{(isFinal ? "" : ", retrying…")}"
                : last is not null ? "lost the connection, retrying…"
                : $"nothing answers at {address}, retrying…; start a service: dotnet run --project Chat.Service");
            if (isFinal) return false;
            if (Environment.TickCount64 - caughtUpAt > 5000) failures = 0; // It had held: the backoff begins anew.
            var wait = TimeSpan.FromSeconds(Random.Shared.NextDouble() * Math.Min(30, 0.1 * Math.Pow(2, failures)));
            var asked = last?.GoAway?.ReconnectAfter?.ToTimeSpan() ?? wait;
            await Task.Delay(wait > asked ? wait : asked, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Status> StreamAsync(CancellationToken stop)
    {
        (last, caughtUpAt) = (null, null);
        using var channel = GrpcChannel.ForAddress(address); // A channel that is kept would add a backoff of its own.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        ending.CancelAfter(patience);
        var start = new Metadata { { "room", Uri.EscapeDataString(room) }, { "log-id", logId } };
        start.Add(lastSeenId is null ? "replay-limit" : "last-seen-id", $"{lastSeenId ?? 50}");
        start.Add(user.All(c => c is > ' ' and <= '~') ? new("user", user) : new("user-bin", UTF8.GetBytes(user)));
        using var call = new ChatService.ChatServiceClient(channel).Chat(start, cancellationToken: ending.Token);
        var sending = SendAsync(call.RequestStream, ending.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(ending.Token)) Take(call.ResponseStream.Current, ending);
            return Status.DefaultSuccess;
        }
        catch (RpcException error) { return error.Status; }
        finally
        {
            await ending.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // What ended it, the reader was told.
        }
    }

    private async Task SendAsync(IClientStreamWriter<ChatRequest> requests, CancellationToken ending)
    {
        for (var lines = outbox.Restart(); await lines.WaitToReadAsync(ending);)
        {
            var request = new ChatRequest(); // What is there, up to 8 KiB; the service takes 1 MiB.
            while (request.CalculateSize() < 8192 && lines.TryRead(out var line)) request.Sends.Add(line);
            await requests.WriteAsync(request, ending);
        }
        await requests.CompleteAsync();
    }

    private void Take(ChatResponse response, CancellationTokenSource ending)
    {
        last = response;
        ending.CancelAfter(patience = response.Heartbeat?.Interval.ToTimeSpan() * 2.5 ?? patience);
        foreach (var joined in response.Joined)
        {
            var unseen = joined.AfterId - (lastSeenId ?? joined.OldestId - 1);
            Say($"connected to {address}, room {joined.Room}");
            if (joined.Resume == Resume.Reset) Say("· the service has another log now; this is what it keeps");
            else if (unseen > 0) Say($"· {unseen} older messages are not shown");
            (logId, lastSeenId) = (joined.LogId, joined.AfterId);
        }
        foreach (var message in response.Messages)
        {
            var isNext = message.Id == lastSeenId + 1;
            lastSeenId = isNext ? message.Id : throw new RpcException(new(StatusCode.Internal, "a message is missing"));
            var (sender, text) = (Foreign(message.Sender), Foreign(message.Erased ? "(erased)" : message.Text));
            Console.WriteLine($"{message.SentAt?.ToDateTime().ToLocalTime():HH:mm} {sender}: {text}");
        }
        if (response.CaughtUp.Count > 0) { Say("── up to date ──"); caughtUpAt = Environment.TickCount64; }
        foreach (var ack in response.Acks) outbox.Remove(ack.ClientOffset);
        foreach (var refusal in response.Refusals)
            Say($"· refused ({++Refusals}), {refusal.Detail}: {Begin(outbox.Remove(refusal.ClientOffset)?.Text ?? "")}");
    }
    private static string Begin(string text) => text.Length <= 60 ? text : text[..60] + "…";
    private void Say(string text) => (text == said ? TextWriter.Null : Console.Error).WriteLine(Escape(said = text));
}
