using System.CommandLine;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat tail</c>: writes the messages of a room as they arrive, until it is interrupted or the output pipe is
/// closed.
/// </summary>
internal sealed class TailCommand
{
    private const int DefaultLast = 10;

    private const string Help = """
        Usage: chat tail [OPTIONS]

        Writes the messages of a room as they arrive, until it is interrupted or the
        output pipe is closed. A line has id, date, time, sender and text.

        Options:
          --last COUNT           start with this many of the newest messages [10]
          --since ID             start after the message with this id; 0 starts with the
                                 oldest message
          --json                 write the JSON form of proto3, one object per line
        {shared options}

        With --state, it continues after the last line that it wrote, and ignores where
        to start.

        Examples:
          chat tail --room ops
          chat tail --room ops --since 0 --json | jq .text
        """;

    private readonly CommandContext context;
    private readonly ChatClient client;
    private readonly ConnectionWatch watch;
    private readonly bool json;
    private RoomJoined? joined;
    private bool isRejoining;
    private ChatMessage? lastWritten;
    private int exitCode = ExitCodes.Ok;

    private TailCommand(CommandContext context, ChatClient client, ConnectionWatch watch, bool json)
    {
        this.context = context;
        this.client = client;
        this.watch = watch;
        this.json = json;
    }

    public static Command Create(CommandRunner runner)
    {
        var since = CommandOptions.CreateNumber("--since", min: 0);
        var last = CommandOptions.CreateNumber("--last", min: 0);
        var json = CommandOptions.CreateJson();
        var command = new Command("tail", Help) { since, last, json };
        command.Validators.Add(given =>
        {
            if (given.GetResult(since) is not null && given.GetResult(last) is not null)
            {
                given.AddError("--since and --last contradict each other; give only one");
            }
        });
        command.SetAction(runner.CreateAction(Timeout.InfiniteTimeSpan, (context, parsed) =>
        {
            var from = parsed.GetValue(since) is { } id ? JoinFrom.After(id)
                : parsed.GetValue(last) is 0 ? JoinFrom.Now
                : JoinFrom.Last((int)Math.Min(parsed.GetValue(last) ?? DefaultLast, int.MaxValue));
            return RunAsync(context, from, parsed.GetValue(json));
        }));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, JoinFrom from, bool json)
    {
        // A message is processed when it is written.
        await using var client = ChatClient.Open(context.Options with { CommitMode = CommitMode.Manual });
        using var watch = new ConnectionWatch(context, context.Wait);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);

        // Not awaited, because events tell the outcome.
        _ = client.JoinAsync(context.Room, from, CancellationToken.None);
        var following = new TailCommand(context, client, watch, json).FollowAsync(ending.Token);
        try
        {
            return await watch.GuardAsync(following);
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<int> FollowAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await using var events = client.ReadEventsAsync(ending.Token).GetAsyncEnumerator(CancellationToken.None);
        try
        {
            while (await MoveNextAsync(events, ending))
            {
                Show(events.Current);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Ctrl-C is the usual way to end it.
        }

        return exitCode;
    }

    // Flushes and commits only when it has to wait: doing both for each of many messages would cost more than writing
    // them.
    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<ChatEvent> events, CancellationTokenSource ending)
    {
        var next = events.MoveNextAsync();
        if (next.IsCompleted)
        {
            return await next;
        }

        var waiting = next.AsTask();
        try
        {
            context.Output.Flush();
            if (lastWritten is not null)
            {
                await client.CommitAsync(lastWritten);
                lastWritten = null;
            }
        }
        catch
        {
            await ending.CancelAsync();
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await waiting;
    }

    private void Show(ChatEvent chatEvent)
    {
        var output = context.Output;
        switch (chatEvent)
        {
            case MessageReceived when isRejoining:
                break;
            case MessageReceived { Message: var message }:
                lastWritten = message;
                output.Write(json ? MessageFormat.FormatJson(message) : MessageFormat.FormatText(message));
                break;
            case MessageRefused refused:
                output.Say(ErrorMessages.Describe(refused));
                exitCode = ExitCodes.Incomplete;
                break;
            case RoomGap gap:
                output.Say($"· {ErrorMessages.Describe(gap)}");
                break;
            case RoomJoined now:
                joined = now;
                break;
            case RoomReset { FormerLogId: "" } reset:
                RejoinAtEnd(reset, joined!.HeadId);
                break;
            case RoomReset reset:
                output.Say($"· {ErrorMessages.Describe(reset)}");
                break;
            case RoomLeft when isRejoining:
                isRejoining = false;
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

    // Nobody who gives an id that the room does not have wants all messages of the room instead.
    private void RejoinAtEnd(RoomReset reset, long headId)
    {
        context.Output.Say(headId == 0
            ? $"· there is no message {reset.LastId}: the room is empty; new messages follow"
            : $"· there is no message {reset.LastId}: the newest is {headId}; only newer messages follow");
        isRejoining = true;
        client.Leave(context.Room);
        _ = client.JoinAsync(context.Room, JoinFrom.After(headId, reset.LogId), CancellationToken.None);
    }
}
