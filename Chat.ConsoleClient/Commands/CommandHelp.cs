using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Prints the help of a command: its description, which we write by hand so that it fits a screen of 80 × 24 and each
/// option is explained where it is needed.
/// </summary>
internal sealed class CommandHelp : SynchronousCommandLineAction
{
    private const string SharedOptions =
        "  --room, --user, --address, --token-file, --ca-file, --certificate-file,\n  --state, --wait: see chat --help";

    public override bool ClearsParseErrors => true;

    /// <summary>Makes the help option of a root, and of all commands below it, print this help.</summary>
    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new CommandHelp();

        // Those of Windows, such as /?, look like paths, and the completion would offer them.
        help.Aliases.Clear();
        help.Aliases.Add("-h");
    }

    /// <summary>The help of a command.</summary>
    public static string GetText(Command command) =>
        command.Description!.Replace("{shared options}", SharedOptions, StringComparison.Ordinal);

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(GetText(parseResult.CommandResult.Command));
        return ExitCodes.Ok;
    }
}
