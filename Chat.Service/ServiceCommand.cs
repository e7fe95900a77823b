using System.CommandLine;
using System.CommandLine.Help;
using GrpcChat.Service.Commands;
using GrpcChat.Service.Edge;
using GrpcChat.Shared;

namespace GrpcChat.Service;

/// <summary>The command line, and the exit code of the process.</summary>
internal static class ServiceCommand
{
    /// <summary>Runs the service and returns the exit code. Every failed start is one line on standard error.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="run">Runs the service with the settings until it stops.</param>
    public static Task<int> RunAsync(string[] args, Func<ServiceSettings, Task<int>> run)
    {
        var config = new Option<string?>("--config");
        var options = ServiceSettings.Names.ToDictionary(name => name, name => new Option<string?>(ServiceSettings.ArgumentName(name)));
        var command = new RootCommand();
        command.Options.Add(config);
        foreach (var option in options.Values)
        {
            command.Options.Add(option);
        }

        command.Options.OfType<HelpOption>().Single().Action = new ServiceHelp();
        command.SetAction((parsed, _) => GuardAsync(() =>
        {
            var arguments = options
                .Where(option => parsed.GetResult(option.Value) is not null)
                .ToDictionary(option => option.Key, option => parsed.GetValue(option.Value)!);
            var settings = ServiceSettings.Read(
                parsed.GetValue(config), Environment.GetEnvironmentVariables(), arguments);
            foreach (var warning in settings.Warnings)
            {
                Say(warning);
            }

            return run(settings);
        }));

        command.Subcommands.Add(TokenCommand.Create(GuardAsync));
        foreach (var block in BlockCommands.Create(GuardAsync))
        {
            command.Subcommands.Add(block);
        }

        command.Subcommands.Add(BackupCommand.Create(GuardAsync));
        command.Subcommands.Add(CheckCommand.Create(GuardAsync));
        command.Subcommands.Add(RestoreCommand.Create(GuardAsync));
        command.Subcommands.Add(ExportCommand.Create(GuardAsync));
        command.Subcommands.Add(ImportCommand.Create(GuardAsync));
        command.Subcommands.Add(TrimCommand.Create(GuardAsync));
        command.Subcommands.Add(EraseCommand.Create(GuardAsync));

        // An argument that begins with @ is not the name of a file with more arguments.
        var parsed = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        return parsed.Errors.Count > 0 && parsed.Action is not ServiceHelp
            ? Task.FromResult(Fail(ExitCodes.Usage, Problem(parsed, options.Values.Append(config))))

            // The web host handles the signals.
            : parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static string Problem(ParseResult parsed, IEnumerable<Option> options)
    {
        if (parsed.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-')) is not { } unknown)
        {
            return $"{parsed.Errors[0].Message.TrimEnd('.')}; --help lists the options";
        }

        var name = unknown.Split('=', ':')[0];
        var nearest = NearestName.Find(name, options.Select(option => option.Name));
        return $"unknown option {name}; {(nearest is null ? "--help lists the options" : $"did you mean {nearest}?")}";
    }

    private static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception error) when (ExitCodes.Of(error) is { } exitCode)
        {
            return Fail(exitCode, error.Message);
        }
    }

    private static void Say(string message) =>
        Console.Error.WriteLine($"chat service: {message.ReplaceLineEndings(" ")}");

    private static int Fail(int exitCode, string message)
    {
        Say(message);
        return exitCode;
    }
}
