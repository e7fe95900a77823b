using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.Deploy;
using GrpcChat.V1;

// One case through a proxy: CASE ADDRESS CA-FILE ROOM [SECONDS or RECONNECTS]. driver.mjs is the same with another library.
var (name, address, room) = (args[0], args[1], args[3]);
var authorities = new X509Certificate2Collection();
authorities.ImportFromPemFile(args[2]);
try
{
    Console.WriteLine("ok: " + name switch
    {
        "idle" => await IdleAsync(TimeSpan.FromSeconds(int.Parse(args[4], CultureInfo.InvariantCulture))),
        "half-close" => await HalfCloseAsync(),
        "streams" => await StreamsAsync(),
        "restart" => await RestartAsync(args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 2),
        _ => throw new ArgumentException($"unknown case {name}"),
    });
    return 0;
}
catch (Exception error)
{
    Console.WriteLine($"failed: {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}");
    return 1;
}

// Nothing is sent for a while, and then the same connection still carries messages.
async Task<string> IdleAsync(TimeSpan time)
{
    await using var ann = new Participant(address, authorities, room);
    ann.Send("before");
    await ann.SettleAsync(1);
    await Task.Delay(time);
    ann.Send("after");
    await ann.SettleAsync(2);
    await ann.CheckAsync(["before", "after"]);
    return ann.Problems == 0 ? "the connection stayed" : throw new InvalidOperationException($"{ann.Problems} connections broke");
}

// Two megabytes are sent, then the client's side is closed: the answers still come, and then OK. The library sends for
// as long as it lives, so this is a call of its own.
async Task<string> HalfCloseAsync()
{
    var texts = Enumerable.Range(0, 1000).Select(n => $"{n} {new string('x', 2000)}").ToList();
    using var channel = OpenChannel();
    using var call = new ChatService.ChatServiceClient(channel).Chat(
        new Metadata { { "user", room }, { "room", room } }, DateTime.UtcNow.AddSeconds(90));
    var writing = Task.Run(async () =>
    {
        foreach (var some in texts.Index().Chunk(50))
        {
            await call.RequestStream.WriteAsync(new ChatRequest
            {
                Sends = { some.Select(one => new Send { ClientOffset = $"k{one.Index}", Text = one.Item }) },
            });
        }

        await call.RequestStream.CompleteAsync();
    });
    var (acks, messages) = (new List<long>(), new List<string>());
    await foreach (var response in call.ResponseStream.ReadAllAsync())
    {
        acks.AddRange(response.Acks.Select(ack => ack.Id));
        messages.AddRange(response.Messages.Select(message => message.Text));
    }

    await writing;
    Participant.ThrowUnlessEqual(Enumerable.Range(1, 1000).Select(n => (long)n), acks, "acks");
    Participant.ThrowUnlessEqual(texts, messages, "messages");
    return "1,000 acks, then OK";
}

// On one connection, as far as the proxy allows so many.
async Task<string> StreamsAsync()
{
    const int Count = 300;
    using var channel = OpenChannel();
    var everybody = Enumerable.Range(0, Count)
        .Select(n => new Participant(address, authorities, room, $"{room}-{n}", channel)).ToList();
    everybody[0].Send("0");
    await Task.WhenAll(everybody.Select(one => one.SettleAsync(1)));
    for (var n = 1; n < Count; n++)
    {
        everybody[n].Send($"{n}");
    }

    await Task.WhenAll(everybody.Select(one => one.SettleAsync(Count)));
    foreach (var one in everybody)
    {
        Participant.ThrowUnlessEqual(everybody[0].Received.Select(m => m.Text), one.Received.Select(m => m.Text), "messages");
    }

    await everybody[0].CheckAsync();
    Participant.ThrowUnlessEqual(
        Enumerable.Range(0, Count), everybody[0].Received.Select(m => int.Parse(m.Text, CultureInfo.InvariantCulture)).Order(), "texts");
    var problems = everybody.Sum(one => one.Problems);
    await Task.WhenAll(everybody.Select(one => one.DisposeAsync().AsTask()));
    return problems == 0 ? "each heard all 300" : throw new InvalidOperationException($"{problems} connections broke");
}

// Sends until a line comes in. Meanwhile the service is stopped, killed and started, and it has to reconnect.
async Task<string> RestartAsync(int reconnects)
{
    await using var ann = new Participant(address, authorities, room);
    var finish = Task.Run(Console.In.ReadLine);
    var sent = 0;
    for (; !finish.IsCompleted; sent++)
    {
        ann.Send($"{sent}");
        if (sent % 10 == 0)
        {
            Console.WriteLine($"acked {ann.Acked}");
        }

        await Task.Delay(10);
    }

    await ann.SettleAsync(sent);
    await ann.CheckAsync(Enumerable.Range(0, sent).Select(n => $"{n}"));
    return ann.Problems >= reconnects
        ? string.Create(CultureInfo.InvariantCulture, $"{sent:N0} messages once and in order, {ann.Problems} reconnects")
        : throw new InvalidOperationException($"{ann.Problems} reconnects for {reconnects} restarts");
}

GrpcChannel OpenChannel()
{
    var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
    handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
    };
    handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
    return GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
}
