using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GrpcChat.AspNetCore;

namespace GrpcChat.Service;

/// <summary>The text of <c>--help</c>, within 100 columns.</summary>
internal sealed partial class ServiceHelp : SynchronousCommandLineAction
{
    private const int Width = 100;
    private const int DescriptionColumn = 34;

    private const string Introduction = """
        Usage: Chat.Service [options]
               Chat.Service COMMAND [options]

        A chat service over gRPC that loses no message.


        """;

    private const string Ending = """

        Commands (each has its own --help)
          token                           Sign a token for development and tests
          block USER, unblock USER        Keep a user out, and let the user in again
          blocked                         List the blocked users
          backup FILE                     Copy the message log to a file, also while the service runs
          check                           Read the whole message log, and list what is wrong with it
          erase ROOM ID...                Take the texts of messages away for good
          restore FILE                    Make a message log of a backup
          export [FILE], import [FILE]    Write the message log as JSON lines, and make one of them
          trim                            Remove old messages, also while the service runs

        Every option can also be set in the environment, as CHAT_MAXTEXTBYTES=4096 or
        Chat__MaxTextBytes=4096, and in the configuration file:

          { "Chat": { "MaxTextBytes": 4096, "StallLimit": "00:01:00" } }

        The command line overrides the environment, and the environment overrides the file. Times are
        hours:minutes:seconds, from 00:00:00.001 to 24:00:00.
        """;

    public override bool ClearsParseErrors => true;

    /// <summary>What an option is if nobody sets it, for people.</summary>
    public static string Default(ChatOptionDefinition option) =>
        option.Default ?? "$XDG_STATE_HOME/grpcchat or ~/.local/state/grpcchat";

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not RootCommand)
        {
            return new HelpAction().Invoke(parseResult);
        }

        parseResult.InvocationConfiguration.Output.WriteLine(Text());
        return ExitCodes.Ok;
    }

    [GeneratedRegex("^a whole number(,| from) ")]
    private static partial Regex NumberStart();

    private static string Text()
    {
        var text = new StringBuilder(Introduction);
        foreach (var option in ServiceOption.All)
        {
            Add(
                text,
                $"{ServiceSettings.ArgumentName(option.Name)} {option.ValueName}",
                $"{option.Description} [{option.Default}]");
        }

        Add(text, "--config FILE", "Configuration file [appsettings.json beside the executable, if it is there]");
        foreach (var group in ChatOptionDefinition.All.GroupBy(option => option.Heading))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{group.Key}\n");
            foreach (var option in group)
            {
                Add(
                    text,
                    $"{ServiceSettings.ArgumentName(option.Name)} {option.ValueName}",
                    $"{option.Description}{Range(option)} [{Default(option)}]");
            }
        }

        text.Append('\n');
        Add(text, "--help", "Show this help");
        Add(text, "--version", "Show the version");
        return text.Append(Ending).ToString();
    }

    // Of numbers alone. That of times is at the end of the text, and the others need none.
    private static string Range(ChatOptionDefinition option)
    {
        var number = NumberStart().Match(option.Allowed);
        return number.Success ? $" ({option.Allowed[number.Length..]})" : "";
    }

    private static void Add(StringBuilder text, string option, string description)
    {
        var line = $"  {option}".PadRight(DescriptionColumn);
        if (line.Length > DescriptionColumn || line[^1] != ' ')
        {
            text.Append(line).Append('\n');
            line = new string(' ', DescriptionColumn);
        }

        foreach (var word in description.Split(' '))
        {
            if (line.Length + word.Length > Width)
            {
                text.Append(line.TrimEnd()).Append('\n');
                line = new string(' ', DescriptionColumn);
            }

            line += word + " ";
        }

        text.Append(line.TrimEnd()).Append('\n');
    }
}
