using System.CommandLine;
using Chat.Client;

namespace Chat.ConsoleClient.Commands;

/// <summary><c>chat tail</c>: writes the messages of a room as they come, until it is interrupted or nobody reads.</summary>
internal static class TailCommand
{
    private const int Newest = 10;

    public static Command Create(CommandRun run)
    {
        var since = new Option<long?>("--since")
        {
            Description = "Begin after this id; 0 = with the oldest message. With --state, only the first time",
            HelpName = "id",
        };
        var last = new Option<int?>("--last")
        {
            Description = $"Begin with so many of the newest messages [default: {Newest}]",
            HelpName = "count",
        };
        var json = CommandRun.Json();
        CommandRun.AtLeast(since, 0);
        CommandRun.AtLeast(last, 0);
        var command = new Command("tail", "Writes the messages of a room as they come.") { since, last, json };
        command.Validators.Add(given =>
        {
            if (given.GetResult(since) is not null && given.GetResult(last) is not null)
            {
                given.AddError("--since and --last name two beginnings; give one.");
            }
        });
        CommandHelp.Show(
            command,
            "chat tail --room ops",
            "chat tail --room ops --since 0 --json | jq .text");
        command.SetAction(run.Action(Timeout.InfiniteTimeSpan, (context, given) =>
        {
            var from = given.GetValue(since) is { } id ? JoinFrom.After(id)
                : given.GetValue(last) is 0 ? JoinFrom.Now
                : JoinFrom.Last(given.GetValue(last) ?? Newest);
            return RunAsync(context, from, given.GetValue(json));
        }));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, JoinFrom from, bool json)
    {
        // A message counts as taken when it has been written.
        await using var client = ChatClient.Open(context.Options with { CommitMode = CommitMode.Manual });
        using var watch = new ConnectionWatch(context, context.Wait);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Stop);
        _ = client.JoinAsync(context.Room, from, CancellationToken.None); // A refusal comes as an event, too.
        var following = FollowAsync(client, watch, context, json, ending.Token);
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

    private static async Task<int> FollowAsync(
        ChatClient client, ConnectionWatch watch, CommandContext context, bool json, CancellationToken stop)
    {
        var output = context.Output;
        var (head, isFirst) = (default(long?), true);
        var (written, exitCode) = (default(ChatMessage), ExitCodes.Ok);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var events = client.ReadEventsAsync(ending.Token).GetAsyncEnumerator(CancellationToken.None);
        try
        {
            while (await NextAsync())
            {
                switch (events.Current)
                {
                    case MessageReceived { Message: var message }:
                        written = message;
                        output.Write(json ? MessageLine.JsonOf(message) : MessageLine.Of(message));
                        break;
                    case MessageRefused refused:
                        output.Say($"'{refused.ClientOffset}', which an earlier command has sent, was refused: {refused.Description}");
                        exitCode = ExitCodes.NotAll;
                        break;
                    case RoomGap gap:
                        output.Say($"· messages {gap.LastId + 1} to {gap.AfterId} are not kept any more");
                        break;
                    case RoomJoined joined:
                        isFirst = head is null;
                        head = joined.HeadId;
                        break;
                    case RoomReset:
                        output.Say(isFirst
                            ? $"· the room has no such message, but {head}; this is what it keeps"
                            : "· the service has another log now; this is what it keeps");
                        break;
                    case RoomLeft left:
                        output.Say(left.Description);
                        return ExitCodes.Refused;
                    case ConnectionChanged changed:
                        watch.Take(changed);
                        break;
                    case StateWriteFailed state:
                        output.Say(state.Message);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // That is how one ends it.
        }

        return exitCode;

        // Flushes only when it has to wait: a write for each of many messages would cost more than they do.
        async ValueTask<bool> NextAsync()
        {
            var next = events.MoveNextAsync();
            if (next.IsCompleted)
            {
                return await next;
            }

            var waiting = next.AsTask();
            try
            {
                output.Flush();
                if (written is not null)
                {
                    await client.CommitAsync(written);
                    written = null;
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
    }
}
