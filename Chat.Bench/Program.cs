using System.CommandLine;
using Chat.Bench;

var senders = new Option<int>("--senders") { Description = "Streams that send", DefaultValueFactory = _ => 8 };
var inFlight = new Option<int>("--in-flight") { Description = "Unacked sends of each", DefaultValueFactory = _ => 64 };
var receivers = new Option<int>("--receivers") { Description = "Streams that read", DefaultValueFactory = _ => 8 };
var seconds = new Option<int>("--seconds") { Description = "Length of the measurement", DefaultValueFactory = _ => 10 };
var messages = new Option<int>("--messages") { Description = "Messages to replay", DefaultValueFactory = _ => 300_000 };

var ingest = new Command("ingest", "Durable sends and their fan-out, in one room.") { senders, inFlight, receivers, seconds };
ingest.SetAction((parsed, _) => IngestAsync(parsed));
var replay = new Command("replay", "One client resumes from 0.") { messages };
replay.SetAction((parsed, _) => ReplayAsync(parsed));
var all = new Command("all", "Both, one after the other.") { senders, inFlight, receivers, seconds, messages };
all.SetAction(async (parsed, _) => await IngestAsync(parsed) + await ReplayAsync(parsed));

var root = new RootCommand("Measures the service, which it starts itself, with messages of 120 bytes.") { ingest, replay, all };
return await root.Parse(args).InvokeAsync();

async Task<int> IngestAsync(ParseResult parsed)
{
    await using var service = await ServiceProcess.StartAsync();
    var load = new IngestLoad(
        parsed.GetValue(senders), parsed.GetValue(inFlight), parsed.GetValue(receivers), parsed.GetValue(seconds));
    return Report.Print(await load.RunAsync(service));
}

async Task<int> ReplayAsync(ParseResult parsed)
{
    await using var service = await ServiceProcess.StartAsync();
    return Report.Print(await new ReplayLoad(parsed.GetValue(messages)).RunAsync(service));
}
