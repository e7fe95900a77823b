using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using GrpcChat.Shared;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class ParseErrors
{
    /// <summary>
    /// The first error; null if there is none, or if no command will run, but help, for example, is printed.
    /// </summary>
    public static string? Find(ParseResult parsed)
    {
        var runsCommand = parsed.Action is null or ParseErrorAction
            || parsed.Action == parsed.CommandResult.Command.Action;
        return runsCommand
            ? FindMissingValue(parsed) ?? FindUnknownOption(parsed) ?? FindUnexpectedArgument(parsed) ?? FindOther(parsed)
            : null;
    }

    // In "--room --user ann", the parser would take "--user" for the room.
    private static string? FindMissingValue(ParseResult parsed)
    {
        var options = parsed.CommandResult.Children.Concat(parsed.RootCommandResult.Children).OfType<OptionResult>();
        var names = GetOptionNames(parsed).ToList();
        var incomplete = options.FirstOrDefault(option => option.Tokens is [var token, ..] && names.Contains(token.Value));
        return incomplete is null ? null : $"{incomplete.Option.Name} needs a value";
    }

    // What looks like an option is not sent as a text, unless "--" stands before it.
    private static string? FindUnknownOption(ParseResult parsed)
    {
        if (parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash))
        {
            return null;
        }

        var arguments = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value).Concat(parsed.UnmatchedTokens);
        if (arguments.FirstOrDefault(IsOption) is not { } argument)
        {
            return null;
        }

        var name = argument.Split('=', 2)[0];
        var advice = Suggest(name, GetOptionNames(parsed))
            ?? $"{GetFullName(parsed.CommandResult.Command)} --help lists the options";
        return $"unknown option {name}; {advice}";
    }

    private static IEnumerable<string> GetOptionNames(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options)
            .Where(option => !option.Hidden).Select(option => option.Name);

    private static bool IsOption(string argument) => argument is ['-', '-', (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..]
        && !argument.Contains(' ', StringComparison.Ordinal);

    private static string? FindUnexpectedArgument(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var argument, ..])
        {
            return null;
        }

        return parsed.CommandResult.Command switch
        {
            RootCommand root => $"unknown command '{argument}'; "
                + (Suggest(argument, root.Subcommands.Select(command => command.Name)) ?? "chat --help lists the commands"),
            { Arguments.Count: > 0 } => $"unexpected argument '{argument}'; put a text with spaces in quotes",
            var command => $"unexpected argument '{argument}'; {GetFullName(command)} takes only options",
        };
    }

    private static string? FindOther(ParseResult parsed) => parsed.Errors switch
    {
        [] => null,
        [{ SymbolResult: OptionResult { Tokens.Count: 0 } option }, ..] => $"{option.Option.Name} needs a value",
        [{ SymbolResult: ArgumentResult { Tokens.Count: 0 } argument }, ..] =>
            $"{argument.Argument.Name} is missing; see {GetFullName(parsed.CommandResult.Command)} --help",
        [{ Message: var message }, ..] => message.TrimEnd('.'),
    };

    private static string? Suggest(string name, IEnumerable<string> known) =>
        NearestName.Find(name, known) is { } nearest ? $"did you mean {nearest}?" : null;

    private static string GetFullName(Command command) => command is RootCommand ? "chat" : $"chat {command.Name}";
}
