using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Chat.ConsoleClient.Commands;

/// <summary>The help of a command, with examples at its end.</summary>
internal sealed class CommandHelp(HelpAction help) : SynchronousCommandLineAction
{
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
