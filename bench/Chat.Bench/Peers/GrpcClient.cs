using System.Globalization;

namespace GrpcChat.Bench.Peers;

/// <summary>A client of the chat's stream, whoever serves it. It sends and reads bytes and builds no objects.</summary>
internal sealed class GrpcClient : IPeerClient
{
    public const string Path = "/chat.v1.ChatService/Chat";

    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(30);

    private readonly GrpcStream stream;
    private readonly GrpcConnection? owned;
    private readonly SendEncoder encoder;

    private GrpcClient(GrpcStream stream, GrpcConnection? owned, ClientSetup setup)
    {
        this.stream = stream;
        this.owned = owned;
        encoder = new SendEncoder(setup.Reads ? "" : setup.Room);
    }

    /// <summary>
    /// Opens a connection for this client alone; returns with the first response, which confirms the join.
    /// </summary>
    /// <inheritdoc cref="GrpcStream.OpenAsync" path="/exception" />
    public static async Task<GrpcClient> ConnectAsync(Uri address, ClientSetup setup, string? token = null)
    {
        var connection = new GrpcConnection(address);
        try
        {
            return await ConnectAsync(connection, setup, token, isOwned: true);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a stream on a connection that other clients share and the caller disposes.</summary>
    /// <inheritdoc cref="GrpcStream.OpenAsync" path="/exception" />
    public static Task<GrpcClient> ConnectAsync(GrpcConnection shared, ClientSetup setup, string? token = null) =>
        ConnectAsync(shared, setup, token, isOwned: false);

    public async ValueTask SendAsync(long first, int count, long intendedAt)
    {
        for (var sent = 0; sent < count; sent += SendEncoder.MostSends)
        {
            var some = Math.Min(count - sent, SendEncoder.MostSends);
            await stream.WriteAsync(encoder.Encode(first + sent, some, intendedAt));
        }
    }

    public async Task ReadAsync(IArrivals arrivals, CancellationToken stop)
    {
        try
        {
            do
            {
                while (stream.TryTake(out var frame))
                {
                    if (!new ResponseScanner(frame).Scan(arrivals) || stop.IsCancellationRequested)
                    {
                        return;
                    }
                }

                arrivals.Pause();
            }
            while (await stream.ReadAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }

        throw new InvalidDataException("The service ended the stream.");
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        owned?.Dispose();
    }

    private static async Task<GrpcClient> ConnectAsync(
        GrpcConnection connection, ClientSetup setup, string? token, bool isOwned)
    {
        using var limit = new CancellationTokenSource(OpenLimit);
        var stream = await GrpcStream.OpenAsync(connection, Path, Metadata(setup, token), limit.Token);
        try
        {
            // The first response confirms the join. It stays in the stream for ReadAsync.
            return await stream.ReadAsync(limit.Token)
                ? new GrpcClient(stream, isOwned ? connection : null, setup)
                : throw new InvalidDataException("The service ended the stream before its first response.");
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static IEnumerable<(string Key, string Value)> Metadata(ClientSetup setup, string? token)
    {
        const string NoRoom = "-";
        const string Latest = "latest";
        yield return ("room", setup.Reads ? setup.Room : NoRoom);
        if (setup.Reads)
        {
            yield return ("last-seen-id", setup.After < 0 ? Latest : setup.After.ToString(CultureInfo.InvariantCulture));
        }

        yield return token is null ? ("user", setup.Name) : ("authorization", $"Bearer {token}");
    }
}
