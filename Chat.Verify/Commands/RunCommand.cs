using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Load;
using GrpcChat.Verify.Reporting;

namespace GrpcChat.Verify.Commands;

/// <summary><c>chat-verify run</c>: load, and faults where the service is the run's own; then the verdicts.</summary>
internal sealed class RunCommand
{
    private readonly Option<string[]> address = new("--address")
    {
        Description = "Address of the service; repeat it for a service that has several",
        HelpName = "url",
    };

    private readonly Option<string?> service = new("--service")
    {
        Description = "Start this service, an executable or a .dll, and break it: kill -9, restart, pause, cut connections, full disk",
        HelpName = "path",
    };

    private readonly Option<string> faults = new("--faults")
    {
        Description = $"With --service: which faults, separated by commas, or none",
        HelpName = "kinds",
        DefaultValueFactory = _ => string.Join(',', OwnServiceRun.AllFaults.Select(EventText.NameOf)),
    };

    private readonly Option<string?> tokenFile = new("--token-file")
    {
        Description = "File with a bearer token, if the service requires one; it is read again for each call",
        HelpName = "file",
    };

    private readonly Option<string?> caFile = new("--ca-file")
    {
        Description = "Trust the authorities in this PEM file instead of those of the machine",
        HelpName = "file",
    };

    private readonly Option<bool> allowPlaintext = new("--allow-plaintext")
    {
        Description = "Send the token in clear text also to another machine, such as to a proxy that adds TLS",
    };

    private readonly Option<string?> history = new("--history")
    {
        Description = "Write the history, for chat-verify check",
        HelpName = "file",
    };

    private readonly Option<int> rooms = Number("--rooms", "New rooms", 4, 1, 10_000);
    private readonly Option<int> clients = Number("--clients", "Clients, of which half send and half read", 8, 2, 10_000);
    private readonly Option<int> seconds = Number("--seconds", "Duration of the load", 30, 1, 86_400);
    private readonly Option<int> rate = Number("--rate", "Messages per second, over all senders", 2000, 1, 1_000_000);
    private readonly Option<int> settle = Number(
        "--settle", "Seconds after the load in which everything must be answered and everybody at the head", 60, 1, 3600);

    private readonly Option<int?> seed = new("--seed")
    {
        Description = "Repeat the plan of another run [default: a new one]",
        HelpName = "n",
    };

    private readonly Outputs outputs = new();

    private RunCommand()
    {
    }

    public static Command Create()
    {
        var run = new RunCommand();
        var command = new Command("run", "Puts a service under load and judges what its clients saw")
        {
            run.address, run.service, run.faults, run.tokenFile, run.allowPlaintext, run.caFile, run.rooms, run.clients,
            run.seconds, run.rate, run.settle, run.seed, run.history,
        };
        run.outputs.AddTo(command);
        run.AddValidators(command);
        command.SetAction(run.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        var plan = parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(1, int.MaxValue);
        var options = new LoadOptions
        {
            Addresses = [.. (parsed.GetValue(address) ?? []).Select(text => new Uri(text))],
            Clients = parsed.GetValue(clients),
            Rooms = parsed.GetValue(rooms),
            Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
            Rate = parsed.GetValue(rate),
            SettleLimit = TimeSpan.FromSeconds(parsed.GetValue(settle)),
            Seed = plan,
            TokenFile = parsed.GetValue(tokenFile),
            Authorities = parsed.GetValue(caFile) is { } ca ? ReadAuthorities(ca) : null,
        };
        Console.WriteLine($"seed {plan}; repeat the plan with --seed {plan}");
        var (run, kinds) = parsed.GetValue(service) is { } program
            ? await OwnServiceRun.RunAsync(options, program, OwnServiceRun.ParseFaults(parsed.GetValue(faults)!)!, stopping)
            : (await RunAsync(options, stopping), []);
        foreach (var failure in run.Failures.Distinct().Take(10))
        {
            VerifyCommand.Say(failure);
        }

        if (parsed.GetValue(history) is { } file)
        {
            RecordingFile.Write(run.Recording, file);
        }

        var title = string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Clients} clients, {options.Rooms} rooms, {options.Duration.TotalSeconds:0} s, faults: {(kinds.Count > 0 ? string.Join(", ", kinds.Select(EventText.NameOf)) : "none")}");
        return outputs.Write(parsed, new RunReport(title, plan, run.Recording, Checker.Check(run.Recording)));
    }

    private static async Task<LoadRun> RunAsync(LoadOptions options, CancellationToken stopping)
    {
        var run = new LoadRun(options);
        await run.RunAsync(faults: null, stopping);
        return run;
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (CryptographicException error)
        {
            throw new InvalidDataException($"--ca-file: '{path}' holds no certificate in PEM: {error.Message}", error);
        }

        return authorities.Count > 0
            ? authorities
            : throw new InvalidDataException($"--ca-file: '{path}' holds no certificate in PEM; give the certificate of the authority");
    }

    private void AddValidators(Command command)
    {
        command.Validators.Add(given =>
        {
            var addresses = given.GetResult(address) is null ? [] : given.GetValue(address) ?? [];
            var own = given.GetResult(service) is null ? null : given.GetValue(service);
            if ((addresses.Length > 0) == own is not null)
            {
                given.AddError("give either --address URL or --service PATH");
            }

            if (addresses.FirstOrDefault(text => !IsAddress(text)) is { } wrong)
            {
                given.AddError($"--address is '{wrong}', but must be an address such as http://127.0.0.1:5000");
            }

            if (given.GetResult(tokenFile) is not null
                && !given.GetValue(allowPlaintext)
                && addresses.FirstOrDefault(text => IsAddress(text) && CarriesInClearText(text)) is { } open)
            {
                given.AddError($"{open} would carry your token in clear text; use https://, or --allow-plaintext");
            }

            if (given.GetResult(faults) is { Implicit: false } && own is null)
            {
                given.AddError("--faults needs --service: only a service of the run's own is broken");
            }
        });
        foreach (var file in new[] { tokenFile, caFile, service })
        {
            file.Validators.Add(given =>
            {
                if (given.GetValue(file) is { } path && !File.Exists(path))
                {
                    given.AddError($"{file.Name} is '{path}', but there is no such file");
                }
            });
        }

        faults.Validators.Add(given =>
        {
            if (!given.Implicit && OwnServiceRun.ParseFaults(given.GetValue(faults)!) is null)
            {
                given.AddError(
                    $"--faults is '{given.GetValue(faults)}', but must be none or some of {string.Join(", ", OwnServiceRun.AllFaults.Select(EventText.NameOf))}");
            }
        });
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    private static bool CarriesInClearText(string address) => new Uri(address) is { Scheme: "http", IsLoopback: false };

    private static Option<int> Number(string name, string description, int byDefault, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "n", DefaultValueFactory = _ => byDefault };
        option.CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                && value >= least && value <= most)
            {
                return value;
            }

            result.AddError($"{name} is '{result.Tokens[0].Value}', but must be a whole number from {least} to {most}");
            return byDefault;
        };
        return option;
    }
}
