using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Service;

/// <summary>
/// Makes rooms, of which a caller may make so many a minute: that shows who the service thinks calls.
/// </summary>
internal sealed class NewRooms
{
    private int count;

    /// <summary>Sends to a room that does not exist yet; returns the status.</summary>
    /// <param name="channel">Where to call.</param>
    /// <param name="user">The name of the caller.</param>
    /// <param name="forwardedFor">What it says of its address; null = nothing.</param>
    public async Task<StatusCode> MakeAsync(GrpcChannel channel, string user, string? forwardedFor = null)
    {
        var send = new SendMessageRequest { Send = new Send { Room = $"room-{count++}", ClientOffset = "k", Text = "hello" } };
        var metadata = new Metadata { { "user", user } };
        if (forwardedFor is not null)
        {
            metadata.Add("x-forwarded-for", forwardedFor);
        }

        try
        {
            await new ChatService.ChatServiceClient(channel).SendMessageAsync(send, metadata, DateTime.UtcNow + ChatCall.Deadline);
            return StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }
}
