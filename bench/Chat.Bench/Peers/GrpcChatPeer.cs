namespace GrpcChat.Bench.Peers;

/// <summary>
/// This project's own service with its defaults, unless a variant says otherwise: only the address and the data
/// directory are set.
/// </summary>
/// <param name="name">As it stands in tables.</param>
/// <param name="directory">
/// Holds the build of the service, Chat.Service.dll; null = the one built with the bench.
/// </param>
/// <param name="variant">What it is started with; null = its defaults.</param>
internal sealed class GrpcChatPeer(
    string name = GrpcChatPeer.OurName, string? directory = null, ServiceVariant? variant = null) : IPeer
{
    /// <summary>The build under test, as it stands in tables and records.</summary>
    public const string OurName = "grpcchat";

    public const string ServiceName = "Chat.Service.dll";

    private readonly ServiceVariant variant = variant ?? ServiceVariant.Default;
    private readonly string service = Path.Combine(directory ?? AppContext.BaseDirectory, ServiceName);

    public string Name => name;

    public bool PromisesOrder => true;

    public async Task<IPeerServer> StartAsync(PeerSetup setup)
    {
        var data = new DataDirectory();
        TelemetrySink? sink = null;
        try
        {
            if (setup.Stored > 0)
            {
                GrpcChatFill.Run(data.Path, setup.Stored, setup.Rooms);
            }

            IEnumerable<string> arguments = [service, "--listen", "127.0.0.1:0", "--data", data.Path];
            string? token = null;
            if (variant.Tokens)
            {
                arguments = arguments.Concat(TokenIssuer.Create(data.Path));
                token = await TokenIssuer.SignAsync(service, data.Path);
            }

            sink = variant.Telemetry ? await TelemetrySink.StartAsync() : null;
            var process = await PeerProcess.StartAsync(
                "dotnet",
                arguments.Concat(sink?.Arguments ?? []),
                setup.Environment.Concat(sink?.Environment ?? new Dictionary<string, string>()).ToDictionary());
            sink?.OnServiceStarted();
            return new GrpcPeerServer(process, data, token, sink);
        }
        catch
        {
            if (sink is not null)
            {
                await sink.DisposeAsync();
            }

            data.Dispose();
            throw;
        }
    }
}
