using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Chat.ConsoleClient.Commands;

/// <summary>The help of a command, with examples at its end.</summary>
internal sealed class CommandHelp(HelpAction help) : SynchronousCommandLineAction
{
    // On one screen of 80 × 24, which the general form is not.
    private const string Root = """
        chat                     chat in this terminal; /help shows what can be typed
        chat send [TEXT]         send a text, or each line of the input
        chat tail                write the messages of a room as they come
        chat history             write the newest messages of a room
        chat rooms               list the rooms in which somebody has written
        chat status              show whether the service serves, and what it has
        chat completion SHELL    print what makes bash, zsh or fish complete all this

          --room NAME            the room [lobby]
          --user NAME            your name (CHAT_USER) [your login name]
          --address HOST:PORT    where the service listens; more than one are tried in
                                 turn (CHAT_ADDRESS) [127.0.0.1:5000]
          --token-file FILE      has the token, where one is wanted (CHAT_TOKEN_FILE)
          --state FILE           keeps what is unanswered, and positions (CHAT_STATE)
          --wait SECONDS         how long to go on while no service answers [10; chat
                                 and tail: for ever]
          --help, --version

        chat --room ops
        chat send --room ops "disk on db3 is at 91 %"
        chat tail --help         shows what tail takes; so with the others
        """;

    private static readonly Dictionary<Command, string[]> Examples = [];

    public override bool ClearsParseErrors => true;

    /// <summary>Gives a command its examples.</summary>
    public static void Show(Command command, params string[] examples) => Examples[command] = examples;

    /// <summary>Makes the help of all commands below a root end with their examples.</summary>
    public static void AddTo(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new CommandHelp((HelpAction)option.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is RootCommand)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Root);
            return ExitCodes.Ok;
        }

        var result = help.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command, out var examples))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return result;
    }
}
