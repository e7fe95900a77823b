using System.CommandLine;
using System.Security.Cryptography;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat send</c>: sends a text, or each line of stdin, and exits with 0 only if all are stored. The client offset of
/// a line consists of a prefix and the number of the line, so the command can be repeated, and a refusal names its
/// line.
/// </summary>
internal sealed class SendCommand : ILineResults
{
    private const string Help = """
        Usage: chat send [TEXT|-] [OPTIONS]

        Sends TEXT, or each line of stdin as a message. Exits with 0 only if every
        message is stored.

        Options:
          --offset-prefix PREFIX
                                 send line n with the client offset PREFIX-n, so that
                                 repeating the command stores nothing twice
          --summary              at the end, say how many lines were sent and acked
        {shared options}

        Examples:
          chat send --room ops "backup done"
          chat send -- --verbose          (a text that looks like an option)
          tail -f app.log | chat send --room logs
          chat send --room import --offset-prefix 2026-01-31 < lines.txt
        """;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    private readonly CommandContext context;
    private readonly ChatClient client;
    private readonly ConnectionWatch watch;
    private readonly string offsetPrefix;
    private readonly LineSender sender;
    private long refusedEarlier;

    // Until when the service makes some message wait, as a timestamp of the clock.
    private long heldUntil;

    private SendCommand(CommandContext context, ChatClient client, ConnectionWatch watch, string? offsetPrefix)
    {
        this.context = context;
        this.client = client;
        this.watch = watch;
        this.offsetPrefix = offsetPrefix ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        sender = new LineSender(client, context.Room, this.offsetPrefix);
    }

    private long RefusedCount => sender.RefusedCount + Interlocked.Read(ref refusedEarlier);

    public static Command Create(CommandRunner runner)
    {
        var text = new Argument<string?>("text") { Arity = ArgumentArity.ZeroOrOne };
        var prefix = CommandOptions.Create<string?>("--offset-prefix");
        var summary = CommandOptions.Create<bool>("--summary");

        // The former name of --offset-prefix, which scripts may still use.
        var formerPrefix = CommandOptions.Create<string?>("--key-prefix");
        formerPrefix.Hidden = true;
        var command = new Command("send", Help) { text, prefix, formerPrefix, summary };
        command.SetAction(runner.CreateAction(CommandRunner.ScriptWait, (context, parsed) =>
            RunAsync(
                context,
                parsed.GetValue(text),
                parsed.GetValue(prefix) ?? parsed.GetValue(formerPrefix),
                parsed.GetValue(summary)),
            endsWithOutput: false));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string? text, string? offsetPrefix, bool summary)
    {
        // As everywhere, "-" is stdin.
        var reader = text is null or "-" ? new LineReader(StandardStreams.OpenInput()) : null;
        await using var client = ChatClient.Open(context.Options);
        using var watch = new ConnectionWatch(context, Timeout.InfiniteTimeSpan);
        var command = new SendCommand(context, client, watch, offsetPrefix);
        var exitCode = await command.RunAsync(
            reader?.ReadAsync() ?? new[] { new Line(1, text!) }.ToAsyncEnumerable());
        reader?.ReportEmpty(context.Output);
        if (summary)
        {
            context.Output.Say(
                $"sent {Format(command.sender.ReadCount)} · acked {Format(command.sender.StoredCount)}");
        }

        return exitCode;
    }

    private static string Format(long count) => MessageFormat.FormatCount(count);

    private async Task<int> RunAsync(IAsyncEnumerable<Line> lines)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        var listening = ListenAsync(ending.Token);
        var sending = SendAsync(lines, ending.Token);
        var waiting = WatchProgressAsync(ending.Token);
        try
        {
            var first = await watch.GuardAsync(Task.WhenAny(sending, listening, waiting));
            await first;
        }
        catch (Exception error) when (sender.ReadCount > 0 && error is not ArgumentException
            && (error is OperationCanceledException || CommandRunner.GetExitCode(error) is not null))
        {
            context.Output.Say(error is OperationCanceledException ? "interrupted" : ErrorMessages.Describe(error));
            context.Output.Say(GetRepeatAdvice());
            return CommandRunner.GetExitCode(error) ?? ExitCodes.Incomplete;
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(listening, sending, waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            context.Output.ClearProgress();
        }

        if (RefusedCount > 0)
        {
            context.Output.Say($"{Format(sender.StoredCount)} stored, {Format(RefusedCount)} refused");
            return ExitCodes.Incomplete;
        }

        return ExitCodes.Ok;
    }

    private async Task SendAsync(IAsyncEnumerable<Line> lines, CancellationToken stopping)
    {
        await sender.SendAsync(lines, this, stopping);

        // What an earlier command has left in the state file.
        await client.FlushAsync(stopping);
    }

    // Shows progress, and gives up when messages wait for answers but none has arrived for as long as the command
    // waits, whether or not there is a connection. While the service makes it wait, that time does not count.
    private async Task WatchProgressAsync(CancellationToken stopping)
    {
        var time = context.Options.TimeProvider;
        var (since, waiting, answered) = (time.GetTimestamp(), 0, 0L);
        while (true)
        {
            await Task.Delay(ProgressInterval, time, stopping);
            context.Output.ShowProgress(() =>
                $"sent {Format(sender.ReadCount)} · stored {Format(sender.StoredCount)}");
            var (nowWaiting, nowAnswered) = (client.OutboxCount, sender.StoredCount + RefusedCount);
            var isHeld = time.GetTimestamp() <= Volatile.Read(ref heldUntil);
            if (isHeld || nowWaiting == 0 || waiting == 0 || nowWaiting < waiting || nowAnswered > answered)
            {
                (since, waiting, answered) = (time.GetTimestamp(), nowWaiting, nowAnswered);
            }
            else if (context.Wait != Timeout.InfiniteTimeSpan && time.GetElapsedTime(since) >= context.Wait)
            {
                throw watch.CreateException();
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        await foreach (var chatEvent in client.ReadEventsAsync(stopping))
        {
            switch (chatEvent)
            {
                case ConnectionChanged changed:
                    watch.Observe(changed);
                    break;
                case MessageRefused refused:
                    // From an earlier command with the same state file: this command awaits the answers to its lines.
                    Interlocked.Increment(ref refusedEarlier);
                    context.Output.Say(ErrorMessages.Describe(refused));
                    break;
                case MessageDelayed delayed:
                    var time = context.Options.TimeProvider;
                    Volatile.Write(
                        ref heldUntil,
                        time.GetTimestamp() + (long)(delayed.RetryAfter.TotalSeconds * time.TimestampFrequency));
                    context.Output.Say(ErrorMessages.Describe(delayed));
                    break;
                case StateWriteFailed failed:
                    context.Output.Say(failed.Message);
                    break;
            }
        }
    }

    void ILineResults.OnStored(SentMessage message) => watch.ObserveStored();

    void ILineResults.OnRefused(Line line, RefusalReason reason, string description)
    {
        var why = reason == RefusalReason.OffsetReused
            ? $"an earlier command sent a different line {line.Number} with this --offset-prefix; "
                + "repeat the command with the same lines, or choose another prefix"
            : description;
        context.Output.Say($"line {line.Number} was refused: {why}");
    }

    private string GetRepeatAdvice()
    {
        var kept = context.Options.StateStore is { } state && client.OutboxCount > 0
            ? $"; they are kept in {state}, and the next command with this --state sends them"
            : "";
        return $"{Format(sender.StoredCount)} stored, {Format(sender.UnansweredCount)} without an answer"
            + $"{kept}; repeat the command with --offset-prefix {offsetPrefix}, and nothing is stored twice";
    }
}
