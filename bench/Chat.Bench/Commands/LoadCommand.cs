using System.CommandLine;
using System.Net.Sockets;
using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Commands;

/// <summary>`load`: puts a service that is already running under load.</summary>
internal static class LoadCommand
{
    private const int DidNotArrive = 1;
    private const int NoService = 2;

    // The service stops reading from a stream with more unacked sends.
    private const int MostInFlight = 256;

    public static Command Create()
    {
        var defaults = new DeployedLoadSetup(new Uri("http://127.0.0.1:5000"));
        var address = new Option<string>("--address")
        {
            Description = "Address of the service, http:// or https://",
            HelpName = "url",
            DefaultValueFactory = _ => defaults.Address.OriginalString,
        };
        var senders = Number("--senders", "Sending streams", defaults.Senders, 1, 10_000);
        var inFlight = Number("--in-flight", "Unacked sends of each sender", defaults.InFlight, 1, MostInFlight);
        var rate = new Option<int?>("--rate")
        {
            Description = "Sends per second over all senders [default: as many as possible]",
            HelpName = "n",
        };
        var receivers = Number("--receivers", "Receiving streams, divided among the rooms", defaults.Receivers, 0, 10_000);
        var rooms = Number("--rooms", "New rooms, among which the senders are divided", defaults.Rooms, 1, 10_000);
        var seconds = Number("--seconds", "Duration", defaults.Seconds, 1, 86_400);
        var user = new Option<string>("--user")
        {
            Description = "Prefix of the user names",
            HelpName = "prefix",
            DefaultValueFactory = _ => defaults.UserPrefix,
        };
        var token = new Option<FileInfo?>("--token-file")
        {
            Description = "File with a bearer token, if the service requires one",
            HelpName = "file",
        };
        rate.Validators.Add(given =>
        {
            if (given.GetValue(rate) < 1)
            {
                given.AddError($"--rate must be at least 1, not {given.GetValue(rate)}.");
            }
        });
        address.Validators.Add(given =>
        {
            if (!Uri.TryCreate(given.GetValue(address), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                given.AddError(
                    $"--address must be an address such as {defaults.Address.OriginalString}, not \"{given.GetValue(address)}\".");
            }
        });
        token.Validators.Add(given =>
        {
            if (given.GetValue(token) is { Exists: false } missing)
            {
                given.AddError($"--token-file: {missing} does not exist.");
            }
        });

        var command = new Command(
            "load",
            """
            Puts a service that is already running under load, in new rooms. The messages remain there. Exit code 1 = a message did
            not arrive or was refused, 2 = no chat service answers at the address.
            """)
        {
            address, senders, inFlight, rate, receivers, rooms, seconds, user, token,
        };
        command.Validators.Add(given =>
        {
            // A validator sees the defaults of other options as 0.
            var most = given.GetResult(senders) is { Implicit: false } ? given.GetValue(senders) : defaults.Senders;
            if (given.GetResult(rooms) is { Implicit: false } && given.GetValue(rooms) > most)
            {
                given.AddError($"--rooms must be at most --senders, {most}, not {given.GetValue(rooms)}: each sender has one room.");
            }
        });
        command.SetAction(async (parsed, stop) => await RunAsync(
            new DeployedLoadSetup(new Uri(parsed.GetValue(address)!))
            {
                Senders = parsed.GetValue(senders),
                InFlight = parsed.GetValue(inFlight),
                Rate = parsed.GetValue(rate),
                Receivers = parsed.GetValue(receivers),
                Rooms = parsed.GetValue(rooms),
                Seconds = parsed.GetValue(seconds),
                UserPrefix = parsed.GetValue(user)!,
                Token = parsed.GetValue(token) is { } file ? (await File.ReadAllTextAsync(file.FullName, stop)).Trim() : null,
            },
            stop));
        return command;
    }

    private static async Task<int> RunAsync(DeployedLoadSetup setup, CancellationToken stop)
    {
        try
        {
            if (await new DeployedLoad(setup, Console.Out).RunAsync(stop) is not { } failure)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync($"Messages are missing: {failure}.");
            return DidNotArrive;
        }
        catch (HttpRequestException error)
        {
            await Console.Error.WriteLineAsync($"No chat service answers at {setup.Address}: {Why(error)}");
            return NoService;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"No chat service answers at {setup.Address}: the connection timed out.");
            return NoService;
        }
        catch (IOException error)
        {
            await Console.Error.WriteLineAsync($"{setup.Address}: the connection broke: {error.Message}");
            return DidNotArrive;
        }
        catch (Exception error) when (Attempt.IsOfARound(error))
        {
            await Console.Error.WriteLineAsync($"{setup.Address}: {error.Message}");
            return DidNotArrive;
        }
    }

    private static string Why(HttpRequestException error) => error switch
    {
        { InnerException: SocketException socket } => $"{socket.Message}.",
        _ => error.HttpRequestError switch
        {
            HttpRequestError.SecureConnectionError => $"the TLS connection failed ({error.InnerException?.Message ?? error.Message}).",
            HttpRequestError.VersionNegotiationError or HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse =>
                "the server there does not speak HTTP/2.",
            _ => error.Message,
        },
    };

    private static Option<int> Number(string name, string description, int byDefault, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "n", DefaultValueFactory = _ => byDefault };
        option.Validators.Add(given =>
        {
            var value = given.GetValue(option);
            if (value < least || value > most)
            {
                given.AddError($"{name} must be {least} to {most}, not {value}.");
            }
        });
        return option;
    }
}
