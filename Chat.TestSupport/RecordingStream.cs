using System.Text;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.TestSupport;

/// <summary>A stream that a test sends on; it remembers what the log told it.</summary>
internal sealed class RecordingStream(IMessageLog log, string sender = "ann") : AppendStream
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly object gate = new();
    private readonly List<Append> answers = [];
    private int failures;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was answered until now, in the order in which it was.</summary>
    public IReadOnlyList<Append> Answers
    {
        get
        {
            lock (gate)
            {
                return [.. answers];
            }
        }
    }

    /// <summary>How often the log said that this stream failed.</summary>
    public int Failures => Volatile.Read(ref failures);

    /// <summary>True when an answer came after the failure, which must never be.</summary>
    public bool AnsweredAfterFailure { get; private set; }

    public override void OnAnswered(Append append)
    {
        lock (gate)
        {
            answers.Add(append);
            AnsweredAfterFailure |= failures > 0;
            Change();
        }
    }

    public Append NewSend(string room, string offset, string text = "text", Refused? refuseIfNew = null) =>
        new(this, room, sender, offset, Encoding.UTF8.GetBytes(text)) { RefuseIfNew = refuseIfNew };

    /// <summary>Hands a send over; its answer comes later.</summary>
    public async Task<Append> HandOverAsync(
        string room,
        string offset,
        string text = "text",
        Refused? refuseIfNew = null)
    {
        var send = NewSend(room, offset, text, refuseIfNew);
        await log.AppendAsync(send, CancellationToken.None).AsTask().WaitAsync(Deadline);
        return send;
    }

    /// <summary>Hands a send over and waits for its answer.</summary>
    public async Task<AppendResult> SendAsync(
        string room,
        string offset,
        string text = "text",
        Refused? refuseIfNew = null)
    {
        var send = await HandOverAsync(room, offset, text, refuseIfNew);
        await AnswerAsync(send);
        return send.Result;
    }

    /// <summary>Sends again and again, each time by a new stream, until the log takes it: as a client does.</summary>
    public static async Task<AppendResult> SendUntilStoredAsync(IMessageLog log, string room, string offset)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return await new RecordingStream(log).SendAsync(room, offset);
            }
            catch (InvalidOperationException) when (TimeProvider.System.GetElapsedTime(begun) < Deadline)
            {
                await Task.Delay(20);
            }
        }
    }

    public Task AnswerAsync(Append send) => UntilAsync(() => answers.Contains(send), "the answer");

    /// <summary>The first answers, as soon as there are so many.</summary>
    public async Task<IReadOnlyList<Append>> AnswersAsync(int count)
    {
        await UntilAsync(() => answers.Count >= count, $"{count} answers");
        return [.. Answers.Take(count)];
    }

    public Task FailureAsync() => UntilAsync(() => failures > 0, "the failure", failureIsFine: true);

    protected override void OnFailed()
    {
        lock (gate)
        {
            failures++;
            Change();
        }
    }

    private void Change()
    {
        changed.SetResult();
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task UntilAsync(Func<bool> isSo, string what, bool failureIsFine = false)
    {
        var deadline = Task.Delay(Deadline);
        while (true)
        {
            Task change;
            lock (gate)
            {
                if (isSo())
                {
                    return;
                }

                if (failures > 0 && !failureIsFine)
                {
                    throw new InvalidOperationException($"The stream failed while the test waited for {what}.");
                }

                change = changed.Task;
            }

            if (await Task.WhenAny(change, deadline) == deadline)
            {
                throw new TimeoutException($"Waited {Deadline} for {what}; {Answers.Count} answers came.");
            }
        }
    }
}
