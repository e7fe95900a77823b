using System.CommandLine;
using System.Threading.Channels;
using Chat.Client;
using Chat.ConsoleClient.Screen;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// <c>chat</c> without a command. On a terminal that is the <see cref="Shell"/>; where there is none, it writes what
/// comes in the room, and sends each line of the input; at its end it waits for the answers, and ends.
/// </summary>
internal sealed class ChatCommand
{
    private const int Newest = 50;

    // Lines whose answers are waited for at once; each can be refused, and is counted then.
    private const int UnansweredAtOnce = 1024;

    private readonly CommandContext context;
    private readonly ChatClient client;
    private readonly ConnectionWatch watch;

    // Once the input has ended, the command shows the room up to its last own message, and ends.
    private readonly TaskCompletionSource caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource shownAll = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long shown;
    private long lastOwn = long.MaxValue;
    private int resets;
    private int lastResets;
    private int refused;

    private ChatCommand(CommandContext context, ChatClient client, ConnectionWatch watch)
    {
        this.context = context;
        this.client = client;
        this.watch = watch;
    }

    public static RootCommand Create(CommandRun run)
    {
        var command = new RootCommand("Chats in a room. With a command, it does one thing for a script.");
        command.SetAction(run.Action(Timeout.InfiniteTimeSpan, async (context, _) =>
            await Shell.RunAsync(context.Options, context.Room, context.Output, context.Stop) ?? await RunAsync(context)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        await using var client = ChatClient.Open(context.Options);
        using var watch = new ConnectionWatch(context, context.Wait);
        var lines = new LineReader(Console.OpenStandardInput()).ReadAsync(context.Stop);
        return await new ChatCommand(context, client, watch).RunAsync(lines);
    }

    private async Task<int> RunAsync(IAsyncEnumerable<Line> lines)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Stop);
        _ = client.JoinAsync(context.Room, JoinFrom.Last(Newest), CancellationToken.None); // A refusal comes as an event, too.
        var following = FollowAsync(ending.Token);
        try
        {
            var sent = Channel.CreateBounded<Task<SentMessage>>(UnansweredAtOnce);
            _ = SendAsync(lines, sent.Writer); // Ends with the answers, or is left behind where its input never does.
            var first = await watch.GuardAsync(Task.WhenAny(following, AnswersAsync(sent.Reader, following)));
            await first;
        }
        catch (OperationCanceledException) when (context.Stop.IsCancellationRequested)
        {
            // Ctrl-C is how one leaves.
        }
        finally
        {
            await ending.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var unanswered = client.OutboxCount;
        if (unanswered + refused > 0)
        {
            context.Output.Say($"{unanswered} lines without an answer, {refused} refused");
        }

        return unanswered == 0 && (refused == 0 || !Console.IsInputRedirected) ? ExitCodes.Ok : ExitCodes.NotAll;
    }

    // As in SendCommand: an answer counts when it comes, and not when there is another line.
    private async Task SendAsync(IAsyncEnumerable<Line> lines, ChannelWriter<Task<SentMessage>> sent)
    {
        try
        {
            await foreach (var line in lines)
            {
                if (line.Wrong is not null)
                {
                    Refuse(line.Wrong, "");
                    continue;
                }

                await sent.WriteAsync(client.SendAsync(context.Room, line.Text, null, context.Stop), context.Stop);
            }

            sent.Complete();
        }
        catch (Exception error)
        {
            sent.Complete(error); // Those that wait for the answers are told.
        }
    }

    private async Task AnswersAsync(ChannelReader<Task<SentMessage>> sent, Task following)
    {
        var last = 0L;
        await foreach (var next in sent.ReadAllAsync())
        {
            last = await AnswerAsync(next, last);
        }

        await Task.WhenAny(caughtUp.Task, following).WaitAsync(context.Stop);
        Interlocked.Exchange(ref lastOwn, lastResets == Volatile.Read(ref resets) ? last : 0);
        EndWhenAllIsShown();
        await Task.WhenAny(shownAll.Task, following).WaitAsync(context.Stop);
    }

    private async Task<long> AnswerAsync(Task<SentMessage> sent, long last)
    {
        try
        {
            var id = (await sent).Id;
            lastResets = Volatile.Read(ref resets);
            return id;
        }
        catch (ChatRefusedException error)
        {
            Refuse(error.Message, "");
            return last;
        }
    }

    private void EndWhenAllIsShown()
    {
        if (Interlocked.Read(ref shown) >= Interlocked.Read(ref lastOwn))
        {
            shownAll.TrySetResult();
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        await foreach (var happened in client.ReadEventsAsync(stop))
        {
            Take(happened);
            context.Output.Flush();
        }
    }

    private void Take(ChatEvent happened)
    {
        var output = context.Output;
        switch (happened)
        {
            case MessageReceived { Message: var message }:
                output.Write(MessageLine.Of(message, "HH:mm"));
                Interlocked.Exchange(ref shown, message.Id);
                break;
            case MessageRefused message:
                Refuse(message.Description, message.Text);
                break;
            case RoomJoined joined:
                output.Say($"connected to {context.Options.Addresses[0]}, room {joined.Room}");
                if (shown == 0 && joined.AfterId >= joined.OldestId)
                {
                    output.Say($"· {joined.AfterId - joined.OldestId + 1} older messages are not shown");
                }

                Interlocked.Exchange(ref shown, Math.Max(shown, joined.AfterId));
                break;
            case RoomGap gap:
                output.Say($"· messages {gap.LastId + 1} to {gap.AfterId} are not kept any more");
                break;
            case RoomReset reset:
                Interlocked.Exchange(ref shown, reset.AfterId);

                // What was stored in a log that is gone will not be shown.
                Interlocked.Increment(ref resets);
                Interlocked.Exchange(ref lastOwn, 0);
                output.Say("· the service has another log now; this is what it keeps");
                break;
            case RoomCaughtUp:
                output.Say("── up to date ──");
                caughtUp.TrySetResult();
                break;
            case RoomLeft left:
                throw new CommandRefusedException(left.Description);
            case ConnectionChanged changed:
                watch.Take(changed);
                break;
            case StateWriteFailed state:
                output.Say(state.Message);
                break;
        }

        EndWhenAllIsShown();
    }

    private void Refuse(string why, string text)
    {
        var count = Interlocked.Increment(ref refused);
        context.Output.Say($"· refused ({count}), {why}: {(text.Length <= 60 ? text : text[..60] + "…")}");
    }
}
