using System.CommandLine;
using Chat.ConsoleClient;

var user = Option("--user", "Your name", Environment.UserName);
var room = Option("--room", "The room to join", "lobby");
var address = Option(
    "--address", "Where the service listens", Environment.GetEnvironmentVariable("CHAT_ADDRESS") ?? "http://127.0.0.1:5000");
address.Validators.Add(given =>
{
    if (!Uri.TryCreate(Url(given.GetValue(address)), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        given.AddError("--address, or CHAT_ADDRESS, must be like 127.0.0.1:5000");
});
var command = new RootCommand("Shows a chat room, and sends it each line of standard input.") { user, room, address };
command.SetAction(async (arguments, stop) =>
{
    using var outbox = new Outbox();
    using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
    var filling = outbox.FillAsync(new StreamReader(Console.OpenStandardInput()), ending.Token);
    var connection = new ChatConnection(
        Url(arguments.GetValue(address)), arguments.GetValue(user)!, arguments.GetValue(room)!, outbox);
    var completed = await connection.RunAsync(stop);
    await ending.CancelAsync();
    await filling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    var (unanswered, refused) = (outbox.Count, connection.Refusals);
    if (unanswered + refused > 0) Console.Error.WriteLine($"{unanswered} lines without an answer, {refused} refused");
    return completed && unanswered == 0 && (refused == 0 || !Console.IsInputRedirected) ? 0 : 1;
});
return await command.Parse(args).InvokeAsync();
static string Url(string? address) => address?.Contains("://") == true ? address : $"http://{address}";
static Option<string> Option(string name, string description, string otherwise) =>
    new(name) { Description = description, DefaultValueFactory = _ => otherwise };
