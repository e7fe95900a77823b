using System.CommandLine;
using System.Text.RegularExpressions;
using Chat.AspNetCore;
using Chat.AspNetCore.Storage;
using Microsoft.AspNetCore.Connections;

namespace Chat.Service;

/// <summary>The command line, and the exit code of the process.</summary>
internal static partial class ServiceCommand
{
    /// <summary>Runs the service and returns the exit code. Every failed start is one line on standard error.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="run">Runs the service with the settings until it stops.</param>
    public static Task<int> RunAsync(string[] args, Func<ServiceSettings, Task<int>> run)
    {
        var config = new Option<string?>("--config")
        {
            Description = "Configuration file (JSON, with a section 'Chat') [default: appsettings.json beside the executable]",
            HelpName = "file",
        };
        var listen = Option(ServiceSettings.Listen, "host:port", "Address to listen on; port 0 takes a free one", ServiceSettings.DefaultListen);
        var options = ChatOptionDefinition.All.ToDictionary(
            option => option.Name,
            option => Option(option.Name, "value", option.Description, option.Default));
        options.Add(ServiceSettings.Listen, listen);
        var command = new RootCommand(
            "A chat service over gRPC that loses no message.\n\n"
            + "Every option can also be set in the environment (CHAT_MAXTEXTBYTES=4096 or Chat__MaxTextBytes=4096) and in the "
            + "configuration file ({ \"Chat\": { \"MaxTextBytes\": 4096 } }). The command line wins over the environment, and "
            + "the environment over the file.")
        {
            listen,
        };
        command.Options.Add(config);
        foreach (var option in options.Values.Where(option => option != listen))
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, _) => GuardAsync(() =>
        {
            var arguments = options
                .Where(option => parsed.GetResult(option.Value) is not null)
                .ToDictionary(option => option.Key, option => parsed.GetValue(option.Value)!);
            var settings = ServiceSettings.Read(
                parsed.GetValue(config), Environment.GetEnvironmentVariables(), arguments, Warn);
            return run(settings);
        }));

        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            var unknown = parsed.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-'));
            return Task.FromResult(Fail(ExitCodes.Usage, unknown is null
                ? $"{parsed.Errors[0].Message} --help lists the options."
                : NearestName.Describe(unknown, unknown.TrimStart('-'), [.. options.Values.Append(config).Select(option => option.Name[2..])], name => $"--{name}")));
        }

        // The web host handles the signals.
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    // --max-text-bytes for MaxTextBytes.
    private static Option<string?> Option(string name, string helpName, string description, string defaultValue) =>
        new("--" + WordStart().Replace(name, "-$0").ToLowerInvariant())
        {
            Description = $"{description} [default: {defaultValue}]",
            HelpName = helpName,
        };

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();

    private static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (ArgumentException error)
        {
            return Fail(ExitCodes.Usage, error.Message);
        }
        catch (LogOpenException error)
        {
            return Fail(ExitCodes.LogNotOpened, error.Message);
        }
        catch (AddressNotFreeException error)
        {
            return Fail(ExitCodes.AddressInUse, error.Message);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            // Another program took the port after it had been found free.
            return Fail(ExitCodes.AddressInUse, error.Message);
        }
    }

    private static void Warn(string message) => Console.Error.WriteLine($"chat service: {message.ReplaceLineEndings(" ")}");

    private static int Fail(int exitCode, string message)
    {
        Warn(message);
        return exitCode;
    }
}
