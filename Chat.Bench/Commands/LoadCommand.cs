using System.CommandLine;

namespace Chat.Bench.Commands;

/// <summary>`load`: puts a service that already runs, wherever it is, under load.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var address = new Option<string>("--address")
        {
            Description = "Where the service listens",
            HelpName = "url",
            DefaultValueFactory = _ => "http://127.0.0.1:5000",
        };
        var command = new Command("load", "Puts a service that already runs under load.") { address };
        command.SetAction((_, _) => Task.FromResult(1));
        return command;
    }
}
