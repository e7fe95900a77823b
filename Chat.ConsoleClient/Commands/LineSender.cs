using System.Threading.Channels;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Sends each line as a message. One loop sends the lines as they are read; another takes the answers in the same
/// order, so an answer counts when it arrives, and not when the next line is read.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="room">The room.</param>
/// <param name="offsetPrefix">
/// Line n gets the client offset <c>offsetPrefix-n</c>; null for client offsets of the client's choice.
/// </param>
internal sealed class LineSender(ChatClient client, string room, string? offsetPrefix = null)
{
    // Lines whose answers are awaited individually. At this limit, no more lines are read.
    private const int MaxUnanswered = 4096;

    private long readCount;
    private long storedCount;
    private long refusedCount;

    /// <summary>How many lines have been read.</summary>
    public long ReadCount => Interlocked.Read(ref readCount);

    public long StoredCount => Interlocked.Read(ref storedCount);

    public long RefusedCount => Interlocked.Read(ref refusedCount);

    public long UnansweredCount => ReadCount - StoredCount - RefusedCount;

    /// <summary>Sends the lines, and tells the results; returns when every line is stored or refused.</summary>
    public async Task SendAsync(IAsyncEnumerable<Line> lines, ILineResults results, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var sent = Channel.CreateBounded<(Line Line, Task<SentMessage> Answer)>(MaxUnanswered);
        var reading = ReadAsync(lines, sent.Writer, results, ending.Token);
        try
        {
            await foreach (var (line, answer) in sent.Reader.ReadAllAsync(ending.Token))
            {
                await TakeAnswerAsync(line, answer, results);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }
    }

    private async Task ReadAsync(
        IAsyncEnumerable<Line> lines,
        ChannelWriter<(Line Line, Task<SentMessage> Answer)> sent,
        ILineResults results,
        CancellationToken stopping)
    {
        try
        {
            await foreach (var line in lines.WithCancellation(stopping))
            {
                Interlocked.Increment(ref readCount);
                if (line.Error is not null)
                {
                    Refuse(line, RefusalReason.Invalid, line.Error, results);
                    continue;
                }

                var clientOffset = offsetPrefix is null ? null : $"{offsetPrefix}-{line.Number}";
                await sent.WriteAsync((line, client.SendAsync(room, line.Text, clientOffset, stopping)), stopping);
            }

            sent.Complete();
        }
        catch (Exception error)
        {
            sent.Complete(error); // The other loop throws it.
        }
    }

    private async Task TakeAnswerAsync(Line line, Task<SentMessage> answer, ILineResults results)
    {
        try
        {
            var stored = await answer;
            Interlocked.Increment(ref storedCount);
            results.OnStored(stored);
        }
        catch (ChatRefusedException error)
        {
            Refuse(line, error.Reason, error.Message, results);
        }
    }

    private void Refuse(Line line, RefusalReason reason, string description, ILineResults results)
    {
        Interlocked.Increment(ref refusedCount);
        results.OnRefused(line, reason, description);
    }
}

/// <summary>Receives the result of each line.</summary>
internal interface ILineResults
{
    void OnStored(SentMessage message);

    /// <summary>
    /// The service refused the line, or it cannot be sent at all. The latter is reported at once, while earlier lines
    /// may still have no answer, and from another thread.
    /// </summary>
    void OnRefused(Line line, RefusalReason reason, string description);
}
