using Grpc.Core;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>
/// Supports the metadata "room" ("-" = none) and "user". A room stores nothing, so every join starts at its newest
/// message.
/// </summary>
internal sealed class LimitService(RoomList rooms) : LimitServiceBase
{
    private const string NoRoom = "-";

    public override async Task Chat(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<Frame> responses,
        ServerCallContext context)
    {
        var room = context.RequestHeaders.GetValue("room") ?? NoRoom;
        var user = context.RequestHeaders.GetValue("user") ?? "anonymous";
        await context.WriteResponseHeadersAsync([]);

        var stream = new ClientStream(rooms, user, room == NoRoom ? null : rooms.Get(room));
        var writing = stream.WriteAsync(responses);
        try
        {
            while (await requests.MoveNext(CancellationToken.None))
            {
                await stream.TakeAsync(requests.Current);
            }
        }
        catch (Exception) when (context.CancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            stream.End();
        }

        try
        {
            await writing;
        }
        catch (Exception) when (context.CancellationToken.IsCancellationRequested)
        {
        }
    }
}
