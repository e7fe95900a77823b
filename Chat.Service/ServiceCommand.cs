using System.CommandLine;
using Chat.AspNetCore;
using Chat.AspNetCore.Storage;
using Microsoft.AspNetCore.Connections;

namespace Chat.Service;

/// <summary>The command line: arguments, then the environment, then the defaults; and what the process ends with.</summary>
internal static class ServiceCommand
{
    /// <summary>Runs the service; returns the exit code. Every failure to start is one line on standard error.</summary>
    public static Task<int> RunAsync(string[] args, Func<ChatOptions, Task<int>> run)
    {
        var listen = new Option<string?>("--listen")
        {
            Description = "Address to listen on; port 0 takes a free one (CHAT_LISTEN) [default: 127.0.0.1:5000]",
            HelpName = "host:port",
        };
        var data = new Option<string?>("--data")
        {
            Description = "Directory of the log (CHAT_DATA) [default: $XDG_STATE_HOME/grpcchat or ~/.local/state/grpcchat]",
            HelpName = "directory",
        };
        var command = new RootCommand(
            "A chat service over gRPC that loses no message. Everything else that can be set is read from the "
            + "environment: CHAT_ and the option's name, for instance CHAT_MAXTEXTBYTES=4096.")
        {
            listen,
            data,
        };
        command.SetAction((parsed, _) => GuardAsync(async () =>
        {
            var options = EnvironmentOptions.Read();
            options.Listen = parsed.GetValue(listen) ?? options.Listen;
            options.Data = parsed.GetValue(data) ?? options.Data;
            options.Check();
            return await run(options);
        }));

        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Task.FromResult(Fail(ExitCodes.Usage, parsed.Errors[0].Message + " See --help."));
        }

        // The web host sees to signals.
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

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
            // Somebody took the port after it had been found free.
            return Fail(ExitCodes.AddressInUse, error.Message);
        }
    }

    private static int Fail(int exitCode, string sentence)
    {
        Console.Error.WriteLine($"chat service: {sentence.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
