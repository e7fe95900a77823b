using System.CommandLine;
using System.Text.RegularExpressions;
using Chat.Client;
using Chat.V1;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// What all commands have in common: the options that say whom to call as whom, and what the process ends with. What goes
/// wrong is one sentence on standard error.
/// </summary>
internal sealed partial class CommandRun(Output output)
{
    /// <summary>How long a script waits for a service that is away: some restarts of it.</summary>
    public static readonly TimeSpan ForScripts = TimeSpan.FromSeconds(10);

    // Less would not be enough to connect.
    private const double LeastWait = 0.1;

    private readonly Option<string[]> address = new("--address")
    {
        Description = "Where the service listens; more than one is tried in turn (CHAT_ADDRESS) [default: 127.0.0.1:5000]",
        HelpName = "host:port",
        Recursive = true,
    };

    private readonly Option<string?> user = new("--user")
    {
        Description = "Your name (CHAT_USER) [default: your login name]",
        HelpName = "name",
        Recursive = true,
    };

    private readonly Option<string> room = new("--room")
    {
        Description = "The room",
        HelpName = "name",
        Recursive = true,
        DefaultValueFactory = _ => "lobby",
    };

    private readonly Option<string?> tokenFile = new("--token-file")
    {
        Description = "A file with the token, where the service wants one (CHAT_TOKEN_FILE)",
        HelpName = "file",
        Recursive = true,
    };

    private readonly Option<string?> state = new("--state")
    {
        Description = "A file that keeps unanswered messages and the position in each room (CHAT_STATE)",
        HelpName = "file",
        Recursive = true,
    };

    private readonly Option<double?> wait = new("--wait")
    {
        Description = "How long to go on while no service answers [default: 10; chat and tail: for ever]",
        HelpName = "seconds",
        Recursive = true,
    };

    /// <summary>Runs the command that the arguments name.</summary>
    public async Task<int> InvokeAsync(RootCommand root, IEnumerable<Command> commands, string[] args)
    {
        root.Options.Add(room);
        root.Options.Add(user);
        root.Options.Add(address);
        root.Options.Add(tokenFile);
        root.Options.Add(state);
        root.Options.Add(wait);
        foreach (var command in commands)
        {
            root.Subcommands.Add(command);
        }

        CommandHelp.AddTo(root);

        // A text may begin with @, and names no file then.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        return parsed.Errors.Count > 0
            ? Fail(ExitCodes.Usage, $"{Plain(parsed.Errors[0].Message)} See chat --help.")
            : await Interruption.GuardAsync(stopping => parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                stopping));
    }

    // What System.CommandLine says of a type is about the code; all values that have one are numbers.
    private static string Plain(string message) =>
        Spaces().Replace(Types().Replace(message, " as a number."), " ").Trim();

    [GeneratedRegex(@" as expected type '.*'\.?")]
    private static partial Regex Types();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    /// <summary>Makes an action of a command's code.</summary>
    /// <param name="waits">How long the command goes on while no service answers, unless it is told otherwise.</param>
    /// <param name="run">The code; returns the exit code.</param>
    public Func<ParseResult, CancellationToken, Task<int>> Action(
        TimeSpan waits, Func<CommandContext, ParseResult, Task<int>> run) => async (given, stop) =>
        {
            try
            {
                return await run(ContextOf(given, waits, stop), given);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return Fail(ExitCodes.NotAll, "interrupted");
            }
            catch (Exception error) when (CodeOf(error) is { } code)
            {
                return Fail(code, ErrorMessages.Of(error));
            }
            catch (NobodyReadsException)
            {
                return ExitCodes.Ok;
            }
        };

    /// <summary>Refuses numbers that are too small.</summary>
    public static void AtLeast<T>(Option<T> option, long least) => option.Validators.Add(given =>
    {
        // What is no number is said elsewhere.
        if (given.Tokens is [var token] && long.TryParse(token.Value, out var value) && value < least)
        {
            given.AddError($"{option.Name} is {value}, and must be at least {least}.");
        }
    });

    public static Option<bool> Json() => new("--json") { Description = "Write JSON as proto3 has it, one object a line" };

    /// <summary>What the process ends with; null for a defect.</summary>
    public static int? CodeOf(Exception error) => error switch
    {
        ArgumentException or UnauthorizedAccessException or IOException => ExitCodes.Usage,
        ChatStateException => ExitCodes.State,
        NoServiceException => ExitCodes.NoService,
        CommandRefusedException or ChatRefusedException => ExitCodes.Refused,
        ChatHaltedException { Problem.Kind: ProblemKind.NotAChatService } => ExitCodes.NoService,
        ChatHaltedException => ExitCodes.Refused,
        ChatCallException { Problem.Kind: ProblemKind.AccessDenied or ProblemKind.Refused or ProblemKind.LogDamaged } => ExitCodes.Refused,
        ChatCallException => ExitCodes.NoService,
        _ => null,
    };

    private CommandContext ContextOf(ParseResult given, TimeSpan waits, CancellationToken stop)
    {
        var name = given.GetValue(room)!;
        if (!Names.IsRoom(name))
        {
            throw new ArgumentException($"'{name}' is not a valid room name; use {Names.RoomForm}");
        }

        var settings = Settings.Read(new(
            given.GetValue(address) ?? [], given.GetValue(user), given.GetValue(tokenFile), given.GetValue(state)));
        var limit = given.GetValue(wait) is { } seconds
            ? seconds is >= 0 and < 1e6
                ? TimeSpan.FromSeconds(Math.Max(seconds, LeastWait))
                : throw new ArgumentException($"--wait is {seconds}, and must be 0 to 1,000,000 seconds")
            : waits;
        var options = settings.ToOptions();
        return new CommandContext(
            options with
            {
                CallTimeout = limit == Timeout.InfiniteTimeSpan ? ForScripts : limit,

                // Each command waits itself for what it must have.
                FlushTimeout = TimeSpan.Zero,
            },
            name,
            limit,
            output,
            stop);
    }

    private int Fail(int exitCode, string sentence)
    {
        output.Say($"chat: {sentence.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
