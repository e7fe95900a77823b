using System.CommandLine;
using System.Net.Sockets;
using Chat.Bench.Loads;

namespace Chat.Bench.Commands;

/// <summary>`load`: puts a service that already runs, wherever it is, under load.</summary>
internal static class LoadCommand
{
    private const int DidNotArrive = 1;
    private const int NoService = 2;

    // What a stream of the service may have unacked before it is read no further.
    private const int MostInFlight = 256;

    public static Command Create()
    {
        var usual = new DeployedLoadSetup(new Uri("http://127.0.0.1:5000"));
        var address = new Option<string>("--address")
        {
            Description = "Where the service listens, http:// or https://",
            HelpName = "url",
            DefaultValueFactory = _ => usual.Address.OriginalString,
        };
        var senders = Number("--senders", "Streams that send", usual.Senders, 1, 10_000);
        var inFlight = Number("--in-flight", "Unacked sends of each", usual.InFlight, 1, MostInFlight);
        var rate = new Option<int?>("--rate") { Description = "Sends a second, over all senders [default: as many as can be]", HelpName = "n" };
        var receivers = Number("--receivers", "Streams that read, over all rooms", usual.Receivers, 0, 10_000);
        var rooms = Number("--rooms", "New rooms, among which senders and receivers are divided", usual.Rooms, 1, 10_000);
        var seconds = Number("--seconds", "How long", usual.Seconds, 1, 86_400);
        var user = new Option<string>("--user") { Description = "What the users' names begin with", HelpName = "prefix", DefaultValueFactory = _ => usual.UserPrefix };
        var token = new Option<FileInfo?>("--token-file") { Description = "Holds a bearer token, for a service that wants one", HelpName = "file" };
        rate.Validators.Add(given =>
        {
            if (given.GetValue(rate) < 1)
            {
                given.AddError("--rate must be at least 1.");
            }
        });
        address.Validators.Add(given =>
        {
            if (!Uri.TryCreate(given.GetValue(address), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                given.AddError($"--address must be an address such as {usual.Address.OriginalString}, and is \"{given.GetValue(address)}\".");
            }
        });
        token.Validators.Add(given =>
        {
            if (given.GetValue(token) is { Exists: false } missing)
            {
                given.AddError($"--token-file: there is no file {missing}.");
            }
        });

        var command = new Command(
            "load",
            """
            Puts a service that already runs under load, in new rooms: its messages stay there. Exit code 1 = something did not
            arrive or was refused, 2 = no chat service answers there.
            """)
        {
            address, senders, inFlight, rate, receivers, rooms, seconds, user, token,
        };
        command.Validators.Add(given =>
        {
            if (given.GetValue(rooms) > given.GetValue(senders))
            {
                given.AddError("--rooms must not be more than --senders: each sender has one room.");
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

            await Console.Error.WriteLineAsync($"Not everything arrived: {failure}.");
            return DidNotArrive;
        }
        catch (HttpRequestException error)
        {
            await Console.Error.WriteLineAsync($"No chat service answers at {setup.Address}: {Why(error)}");
            return NoService;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"No chat service answers at {setup.Address}: it took too long.");
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
        { HttpRequestError: HttpRequestError.SecureConnectionError } => $"the TLS connection failed ({error.InnerException?.Message ?? error.Message}).",
        { HttpRequestError: HttpRequestError.VersionNegotiationError or HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse } =>
            "what listens there does not speak HTTP/2.",
        _ => error.Message,
    };

    private static Option<int> Number(string name, string description, int usual, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "n", DefaultValueFactory = _ => usual };
        option.Validators.Add(given =>
        {
            var value = given.GetValue(option);
            if (value < least || value > most)
            {
                given.AddError($"{name} must be {least} to {most}, and is {value}.");
            }
        });
        return option;
    }
}
