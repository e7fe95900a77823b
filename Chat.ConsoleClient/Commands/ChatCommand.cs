using System.CommandLine;
using System.CommandLine.Parsing;
using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat</c> without a command. On a terminal it is the <see cref="Shell"/>. When stdin or stdout is not a terminal,
/// it writes the messages of the room, sends each line of stdin, and ends when the input has ended and every line is
/// answered and shown.
/// </summary>
internal sealed class ChatCommand : ILineResults
{
    private const int NewestAtFirst = 50;
    private const int MaxExcerpt = 60;

    private const string Help = """
        chat                     Chat in this terminal; /help lists what you can type.
        chat send [TEXT]         Send a text, or each line of stdin.
        chat tail                Write the messages of a room as they arrive.
        chat history             Write the newest messages of a room.
        chat rooms               List the rooms.
        chat status              Show whether the service can store messages.
        chat completion SHELL    Print the completion script for bash, zsh or fish.

        Options of all commands (chat tail --help shows those of one):
          --room NAME            room [lobby]
          --user NAME            your name [CHAT_USER, or your login name]
          --address HOST:PORT    address of the service; of several nodes, with commas
                                 [CHAT_ADDRESS, or 127.0.0.1:5000]
          --token-file FILE      file with your access token [CHAT_TOKEN_FILE]
          --ca-file FILE         authorities of the service's certificate [CHAT_CA_FILE]
          --certificate-file FILE
                                 your certificate and its key [CHAT_CERTIFICATE_FILE]
          --state FILE           file for unanswered messages and positions [CHAT_STATE]
          --wait SECONDS         how long to wait for a service that does not answer
                                 [10; chat and tail: for ever]
          --help, --version

        Example: chat send --room ops "disk on db3 is at 91 %"
        """;

    private readonly CommandContext context;
    private readonly ChatClient client;
    private readonly ConnectionWatch watch;
    private readonly LineSender sender;

    // At the end of the input, the command shows the room up to its own last message.
    private readonly TaskCompletionSource caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource shownAll = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long shownId;
    private long lastOwnId = long.MaxValue;
    private int refusedCount;

    // An id belongs to a log: an own message in a log that is gone will never be shown.
    private int resetCount;
    private (long Id, int ResetCount) lastStored;

    private ChatCommand(CommandContext context, ChatClient client, ConnectionWatch watch)
    {
        this.context = context;
        this.client = client;
        this.watch = watch;
        sender = new LineSender(client, context.Room);
    }

    public static RootCommand Create(CommandRunner runner)
    {
        var command = new RootCommand(Help);
        command.SetAction(runner.CreateAction(Timeout.InfiniteTimeSpan, async (context, parsed) =>
        {
            var isChosen = parsed.GetResult("--room") is OptionResult { Implicit: false };
            return await Shell.RunAsync(context.Options, context.Room, isChosen, context.Output, context.Stopping)
                ?? await RunAsync(context);
        }));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        var reader = new LineReader(StandardStreams.OpenInput());
        await using var client = ChatClient.Open(context.Options);
        using var watch = new ConnectionWatch(context, context.Wait);
        var exitCode = await new ChatCommand(context, client, watch).RunAsync(reader.ReadAsync());
        reader.ReportEmpty(context.Output);
        return exitCode;
    }

    private async Task<int> RunAsync(IAsyncEnumerable<Line> lines)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);

        // Not awaited, because events tell the outcome.
        _ = client.JoinAsync(context.Room, JoinFrom.Last(NewestAtFirst), CancellationToken.None);
        var following = FollowAsync(ending.Token);
        var sending = SendAsync(lines, ending.Token);
        try
        {
            var first = await watch.GuardAsync(Task.WhenAny(following, sending));
            await first;
        }
        catch (Exception error)
            when (error is OutputClosedException || (error is OperationCanceledException && context.Stopping.IsCancellationRequested))
        {
            // Ctrl-C is the usual way to leave, and so is an output that nobody reads any more.
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(following, sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var unanswered = client.OutboxCount;
        if (unanswered + refusedCount > 0)
        {
            context.Output.Say($"{unanswered} lines without an answer, {refusedCount} refused");
        }

        var isComplete = unanswered == 0 && (refusedCount == 0 || !Console.IsInputRedirected);
        return isComplete ? ExitCodes.Ok : ExitCodes.Incomplete;
    }

    private async Task SendAsync(IAsyncEnumerable<Line> lines, CancellationToken stopping)
    {
        await sender.SendAsync(lines, this, stopping);
        await caughtUp.Task.WaitAsync(stopping);
        Interlocked.Exchange(ref lastOwnId, lastStored.Id);
        if (lastStored.ResetCount != Volatile.Read(ref resetCount))
        {
            Interlocked.Exchange(ref lastOwnId, 0);
        }

        EndIfAllIsShown();
        await shownAll.Task.WaitAsync(stopping);
    }

    void ILineResults.OnStored(SentMessage message)
    {
        watch.ObserveStored();
        lastStored = (message.Id, Volatile.Read(ref resetCount));
    }

    void ILineResults.OnRefused(Line line, RefusalReason reason, string description) =>
        ReportRefusal(description, line.Text);

    private void EndIfAllIsShown()
    {
        if (Interlocked.Read(ref shownId) >= Interlocked.Read(ref lastOwnId))
        {
            shownAll.TrySetResult();
        }
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        await foreach (var chatEvent in client.ReadEventsAsync(stopping))
        {
            Show(chatEvent);
            context.Output.Flush();
            EndIfAllIsShown();
        }
    }

    private void Show(ChatEvent chatEvent)
    {
        var output = context.Output;
        switch (chatEvent)
        {
            case MessageReceived { Message: var message }:
                output.Write(MessageFormat.FormatChatText(message));
                Interlocked.Exchange(ref shownId, message.Id);
                break;
            case MessageRefused refused:
                ReportRefusal(refused.Description, refused.Text);
                break;
            case RoomJoined joined:
                output.Say($"connected to {context.Options.Addresses[0]}, room {joined.Room}");
                if (shownId == 0 && joined.AfterId >= joined.OldestId)
                {
                    output.Say($"· {joined.AfterId - joined.OldestId + 1} older messages are not shown");
                }

                Interlocked.Exchange(ref shownId, Math.Max(shownId, joined.AfterId));
                break;
            case RoomGap gap:
                output.Say($"· {ErrorMessages.Describe(gap)}");
                break;
            case RoomReset reset:
                Interlocked.Exchange(ref shownId, reset.AfterId);
                Interlocked.Increment(ref resetCount);
                if (Interlocked.Read(ref lastOwnId) != long.MaxValue)
                {
                    Interlocked.Exchange(ref lastOwnId, 0);
                }

                output.Say($"· {ErrorMessages.Describe(reset)}");
                break;
            case RoomCaughtUp:
                output.Say("── up to date ──");
                caughtUp.TrySetResult();
                break;
            case RoomLeft left:
                throw new CommandRefusedException(left.Description);
            case ConnectionChanged changed:
                watch.Observe(changed);
                break;
            case StateWriteFailed failed:
                output.Say(failed.Message);
                break;
        }
    }

    private void ReportRefusal(string reason, string text)
    {
        var count = Interlocked.Increment(ref refusedCount);
        var excerpt = text.Length <= MaxExcerpt ? text : text[..MaxExcerpt] + "…";
        context.Output.Say($"· refused ({count}): {reason}{(excerpt.Length > 0 ? $": {excerpt}" : "")}");
    }
}
