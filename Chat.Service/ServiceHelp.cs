using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;
using Chat.AspNetCore;

namespace Chat.Service;

/// <summary>The text of <c>--help</c>, within 100 columns.</summary>
internal sealed class ServiceHelp : SynchronousCommandLineAction
{
    private const int Width = 100;
    private const int DescriptionColumn = 34;

    private const string Introduction = """
        Usage: Chat.Service [options]

        A chat service over gRPC that loses no message.


        """;

    private const string Ending = """

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
        parseResult.InvocationConfiguration.Output.WriteLine(Text());
        return ExitCodes.Ok;
    }

    private static string Text()
    {
        var text = new StringBuilder(Introduction);
        Add(text, "--listen HOST:PORT", $"Address to listen on; port 0 takes a free one [{ServiceSettings.DefaultListen}]");
        Add(text, "--config FILE", "Configuration file [appsettings.json beside the executable, if it is there]");
        foreach (var group in ChatOptionDefinition.All.GroupBy(option => option.Heading))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{group.Key}\n");
            foreach (var option in group)
            {
                const string Numbers = "a whole number from ";
                var range = option.Allowed.StartsWith(Numbers, StringComparison.Ordinal) ? $" ({option.Allowed[Numbers.Length..]})" : "";
                Add(
                    text,
                    $"{ServiceSettings.ArgumentName(option.Name)} {option.ValueName}",
                    $"{option.Description}{range} [{Default(option)}]");
            }
        }

        text.Append('\n');
        Add(text, "--help", "Show this help");
        Add(text, "--version", "Show the version");
        return text.Append(Ending).ToString();
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
