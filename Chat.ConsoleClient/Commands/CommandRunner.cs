using System.CommandLine;
using GrpcChat.Client;
using GrpcChat.V1;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Parses the command line, runs the command that it names, and turns what goes wrong into one line on stderr and an
/// exit code.
/// </summary>
internal sealed class CommandRunner
{
    /// <summary>
    /// How long commands for scripts wait for a service that does not answer: long enough for it to restart.
    /// </summary>
    public static readonly TimeSpan ScriptWait = TimeSpan.FromSeconds(10);

    // A shorter wait would not be enough to connect.
    private const double MinWait = 0.1;

    private readonly Output output;
    private readonly Option<string> room = CommandOptions.Create("--room", "lobby");
    private readonly Option<string?> user = CommandOptions.Create<string?>("--user");
    private readonly Option<string[]> address = CommandOptions.Create<string[]>("--address");
    private readonly Option<string?> tokenFile = CommandOptions.Create<string?>("--token-file");
    private readonly Option<string?> caFile = CommandOptions.Create<string?>("--ca-file");
    private readonly Option<string?> certificateFile = CommandOptions.Create<string?>("--certificate-file");
    private readonly Option<string?> state = CommandOptions.Create<string?>("--state");
    private readonly Option<double?> wait = CommandOptions.CreateSeconds("--wait");

    public CommandRunner(Output output)
    {
        this.output = output;
        Root = ChatCommand.Create(this);
        foreach (var shared in (Option[])[room, user, address, tokenFile, caFile, certificateFile, state, wait])
        {
            shared.Recursive = true;
            Root.Options.Add(shared);
        }

        Root.Subcommands.Add(SendCommand.Create(this));
        Root.Subcommands.Add(TailCommand.Create(this));
        Root.Subcommands.Add(HistoryCommand.Create(this));
        Root.Subcommands.Add(RoomsCommand.Create(this));
        Root.Subcommands.Add(StatusCommand.Create(this));
        Root.Subcommands.Add(CompletionCommand.Create(output));
        CommandHelp.AddTo(Root);
    }

    /// <summary>The command <c>chat</c>, with all others below it.</summary>
    public RootCommand Root { get; }

    /// <summary>Runs the command that the arguments name; returns the exit code.</summary>
    public async Task<int> RunAsync(string[] arguments)
    {
        // A text may begin with @, which does not name a response file here.
        var parsed = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (ParseErrors.Find(parsed) is { } error)
        {
            return Fail(ExitCodes.Usage, error);
        }

        return await Interruption.GuardAsync(stopping => InvokeAsync(parsed, arguments, stopping));
    }

    /// <summary>Wraps the code of a command into an action.</summary>
    /// <param name="defaultWait">
    /// How long the command waits for a service that does not answer, without <c>--wait</c>.
    /// </param>
    /// <param name="run">The code; returns the exit code.</param>
    /// <param name="endsWithOutput">
    /// The command is for its output: it ends when the output pipe is closed, even while it waits.
    /// </param>
    public Func<ParseResult, CancellationToken, Task<int>> CreateAction(
        TimeSpan defaultWait, Func<CommandContext, ParseResult, Task<int>> run, bool endsWithOutput = true) =>
        async (parsed, stopping) =>
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(
                stopping, endsWithOutput ? output.WatchClosing() : CancellationToken.None);
            return await run(CreateContext(parsed, defaultWait, ending.Token), parsed);
        };

    /// <summary>The exit code for an error; null for an unexpected one.</summary>
    public static int? GetExitCode(Exception error) => error switch
    {
        ArgumentException or UnauthorizedAccessException or IOException => ExitCodes.Usage,
        ChatStateException => ExitCodes.State,
        GaveUpException gaveUp => gaveUp.ExitCode,
        CommandRefusedException or ChatRefusedException => ExitCodes.Refused,
        ChatHaltedException { Problem.Kind: ProblemKind.NotAChatService } => ExitCodes.NoService,
        ChatHaltedException { Problem.Kind: ProblemKind.DifferentLogs } => ExitCodes.Usage,
        ChatHaltedException => ExitCodes.Refused,
        ChatCallException
        {
            Problem.Kind: ProblemKind.AccessDenied or ProblemKind.Refused or ProblemKind.LogDamaged
        } => ExitCodes.Refused,
        ChatCallException { Problem.Kind: ProblemKind.StoreUnavailable } => ExitCodes.Incomplete,
        ChatCallException => ExitCodes.NoService,
        _ => null,
    };

    private CommandContext CreateContext(ParseResult parsed, TimeSpan defaultWait, CancellationToken stopping)
    {
        var roomName = parsed.GetValue(room)!;
        if (!Names.IsRoom(roomName))
        {
            throw new ArgumentException($"'{roomName}' is not a valid room name; use {Names.RoomForm}");
        }

        var settings = Settings.Read(new(
            parsed.GetValue(address) ?? [],
            parsed.GetValue(user),
            parsed.GetValue(tokenFile),
            parsed.GetValue(caFile),
            parsed.GetValue(certificateFile),
            parsed.GetValue(state)));
        var limit = parsed.GetValue(wait) is { } seconds ? TimeSpan.FromSeconds(Math.Max(seconds, MinWait)) : defaultWait;
        var options = settings.ToOptions() with
        {
            CallTimeout = limit == Timeout.InfiniteTimeSpan ? ScriptWait : limit,
            MaxReconnectDelay = GetMaxReconnectDelay(limit),

            // Each command waits by itself for the answers that it needs.
            FlushTimeout = TimeSpan.Zero,
        };
        return new CommandContext(options, roomName, limit, output, stopping);
    }

    // Short enough for ten attempts before the command gives up.
    private static TimeSpan GetMaxReconnectDelay(TimeSpan wait)
    {
        var defaults = new ChatClientOptions();
        var delay = wait == Timeout.InfiniteTimeSpan ? defaults.MaxReconnectDelay : wait / 10;
        return delay < defaults.ReconnectDelay ? defaults.ReconnectDelay
            : delay < defaults.MaxReconnectDelay ? delay
            : defaults.MaxReconnectDelay;
    }

    private async Task<int> InvokeAsync(ParseResult parsed, string[] arguments, CancellationToken stopping)
    {
        try
        {
            RawText.ThrowIfInvalid(arguments);
            var exitCode = await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output.Results,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                stopping);
            output.Flush();
            return exitCode;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Fail(ExitCodes.Incomplete, "interrupted");
        }
        catch (Exception error)
            when (error is OutputClosedException || (error is OperationCanceledException && output.IsClosed))
        {
            return ExitCodes.Ok;
        }
        catch (Exception error) when (GetExitCode(error) is { } code)
        {
            return Fail(code, ErrorMessages.Describe(error));
        }
    }

    private int Fail(int exitCode, string message)
    {
        output.Say($"chat: {message.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
