using Chat.V1;
using Grpc.Core;

namespace Chat.Bench.LimitGrpc;

/// <summary>
/// The one call, with its name and its bytes on the wire: what comes is not decoded, and what goes is copied. It looks at
/// the metadata "room" ("-" = reads nothing) and "user"; a room keeps nothing, so every join starts at its end.
/// </summary>
[BindServiceMethod(typeof(LimitService), nameof(BindService))]
internal sealed class LimitService(RoomList rooms)
{
    private const string NoRoom = "-";

    private static readonly Method<byte[], Frame> ChatMethod = new(
        MethodType.DuplexStreaming,
        ChatService.Descriptor.FullName,
        nameof(Chat),
        new Marshaller<byte[]>(static (_, _) => throw new NotSupportedException(), static context => context.PayloadAsNewBuffer()),
        new Marshaller<Frame>(Frame.Serialize, static _ => throw new NotSupportedException()));

    public static void BindService(ServiceBinderBase binder, LimitService? service) =>
        binder.AddMethod(ChatMethod, service is null ? null! : service.Chat);

    public async Task Chat(IAsyncStreamReader<byte[]> requests, IServerStreamWriter<Frame> responses, ServerCallContext context)
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
