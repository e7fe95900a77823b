using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using Chat.Client;
using Chat.V1;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// <c>chat send</c>: sends a text, or each line of the input, and exits with 0 only when all are stored. The client offset of a
/// line is made of a prefix and the line's number, so that the command can be repeated, and a refusal names its line.
/// </summary>
internal sealed class SendCommand
{
    // Lines whose answers are waited for at once.
    private const int UnansweredAtOnce = 4096;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    private readonly CommandContext context;
    private readonly ChatClient client;
    private readonly ConnectionWatch watch;
    private readonly string prefix;
    private long taken;
    private long stored;
    private long refused;

    private SendCommand(CommandContext context, ChatClient client, ConnectionWatch watch, string? prefix)
    {
        this.context = context;
        this.client = client;
        this.watch = watch;
        this.prefix = prefix ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    }

    public static Command Create(CommandRun run)
    {
        var text = new Argument<string?>("text")
        {
            Description = "What to send; without it each line of the input is a message",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var prefix = new Option<string?>("--offset-prefix")
        {
            Description = "Gives line n the client offset PREFIX-n, so that a repeated command stores nothing twice",
            HelpName = "prefix",
        };

        // Its name before client offsets had theirs, for scripts that use it.
        var oldPrefix = new Option<string?>("--key-prefix") { Hidden = true };
        var summary = new Option<bool>("--summary") { Description = "Say at the end how much was sent and acked" };
        var command = new Command("send", "Sends a text, or each line of the input; ends with 0 when all are stored.")
        {
            text, prefix, oldPrefix, summary,
        };
        CommandHelp.Show(
            command,
            "chat send --room ops \"backup done\"",
            "tail -f app.log | chat send --room logs",
            "chat send --room import --offset-prefix 2026-01-31 < lines.txt");
        command.SetAction(run.Action(CommandRun.ForScripts, (context, given) =>
            RunAsync(context, given.GetValue(text), given.GetValue(prefix) ?? given.GetValue(oldPrefix), given.GetValue(summary))));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, string? text, string? prefix, bool summary)
    {
        await using var client = ChatClient.Open(context.Options);
        using var watch = new ConnectionWatch(context, Timeout.InfiniteTimeSpan);
        var command = new SendCommand(context, client, watch, prefix);
        var exitCode = await command.RunAsync(
            text is not null ? new[] { new Line(1, text, null) }.ToAsyncEnumerable() : new LineReader(Console.OpenStandardInput()).ReadAsync(context.Stop));
        if (summary)
        {
            context.Output.Say($"sent {Count(command.taken)} · acked {Count(command.stored)}");
        }

        return exitCode;
    }

    private async Task<int> RunAsync(IAsyncEnumerable<Line> lines)
    {
        using var ending = new CancellationTokenSource();
        var listening = ListenAsync(ending.Token);
        try
        {
            var sent = Channel.CreateBounded<(long Line, Task<SentMessage> Answer)>(UnansweredAtOnce);
            _ = SendAsync(lines, sent.Writer); // Ends with the answers, or is left behind where its input never does.
            var first = await watch.GuardAsync(Task.WhenAny(AnswersAsync(sent.Reader), listening));
            await first; // The client has halted, where it was the listening.
        }
        catch (Exception error) when (error is not ArgumentException && (error is OperationCanceledException || CommandRun.CodeOf(error) is not null))
        {
            if (taken == 0)
            {
                throw;
            }

            context.Output.Say(error is OperationCanceledException ? "interrupted" : ErrorMessages.Of(error));
            context.Output.Say($"{Count(stored)} stored, {Count(taken - stored - refused)} without an answer{Advice()}");
            return CommandRun.CodeOf(error) ?? ExitCodes.NotAll;
        }
        finally
        {
            await ending.CancelAsync();
            await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            context.Output.EndProgress();
        }

        if (refused > 0)
        {
            context.Output.Say($"{Count(stored)} stored, {Count(refused)} refused");
        }

        return refused == 0 ? ExitCodes.Ok : ExitCodes.NotAll;
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    // Each line goes out as it is read; its answer is awaited beside that, so that it counts at once.
    private async Task SendAsync(IAsyncEnumerable<Line> lines, ChannelWriter<(long Line, Task<SentMessage> Answer)> sent)
    {
        try
        {
            await foreach (var line in lines)
            {
                taken++;
                if (line.Wrong is not null)
                {
                    Refuse($"line {line.Number}", line.Wrong);
                    continue;
                }

                var answer = client.SendAsync(context.Room, line.Text, $"{prefix}-{line.Number}", context.Stop);
                await sent.WriteAsync((line.Number, answer), context.Stop);
            }

            sent.Complete();
        }
        catch (Exception error)
        {
            sent.Complete(error); // Those that wait for the answers are told.
        }
    }

    private async Task AnswersAsync(ChannelReader<(long Line, Task<SentMessage> Answer)> sent)
    {
        await foreach (var next in sent.ReadAllAsync())
        {
            await AnswerAsync(next);
        }

        // What an earlier command has left in the state file.
        await WaitAsync(client.FlushAsync(context.Stop));
    }

    private async Task AnswerAsync((long Line, Task<SentMessage> Answer) sent)
    {
        try
        {
            await WaitAsync(sent.Answer);
            stored++;
            ShowProgress();
        }
        catch (ChatRefusedException error)
        {
            Refuse(
                $"line {sent.Line}",
                error.Reason == RefusalReason.OffsetReused
                    ? $"an earlier command had another line {sent.Line} with this --offset-prefix; repeat it with the same lines, or choose another prefix"
                    : error.Message);
        }
    }

    // However often the connection comes and goes: what counts is that nothing was answered for so long.
    private async Task WaitAsync(Task answer)
    {
        var (begun, before) = (context.Options.TimeProvider.GetTimestamp(), client.OutboxCount);
        while (!answer.IsCompleted && await Task.WhenAny(answer, Task.Delay(ProgressInterval, context.Options.TimeProvider)) != answer)
        {
            ShowProgress();
            if (client.OutboxCount < before)
            {
                (begun, before) = (context.Options.TimeProvider.GetTimestamp(), client.OutboxCount);
            }
            else if (context.Wait != Timeout.InfiniteTimeSpan && context.Options.TimeProvider.GetElapsedTime(begun) >= context.Wait)
            {
                throw watch.NoService();
            }
        }

        await answer;
    }

    private void ShowProgress() => context.Output.ShowProgress(() => $"sent {Count(taken)} · stored {Count(stored)}");

    private async Task ListenAsync(CancellationToken ending)
    {
        await foreach (var happened in client.ReadEventsAsync(ending))
        {
            switch (happened)
            {
                case ConnectionChanged changed:
                    watch.Take(changed);
                    break;
                case MessageRefused message:
                    // Of an earlier command with the same state file: the answers to this one's lines are waited for.
                    Refuse($"'{message.ClientOffset}', which an earlier command has sent,", message.Description);
                    break;
                case StateWriteFailed state:
                    context.Output.Say(state.Message);
                    break;
            }
        }
    }

    private void Refuse(string what, string why)
    {
        Interlocked.Increment(ref refused);
        context.Output.Say($"{what} was refused: {why}");
    }

    private string Advice()
    {
        var kept = context.Options.StateStore is { } path && client.OutboxCount > 0
            ? $"; they are kept in {path}, and the next command with this --state sends them"
            : "";
        return $"{kept}; repeat the command with --offset-prefix {prefix}, and nothing is stored twice";
    }
}
