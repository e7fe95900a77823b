using GrpcChat.V1;

namespace GrpcChat.Examples.Testing;

/// <summary>A part of some application: it tells a room about orders.</summary>
/// <param name="chat">The generated client.</param>
public sealed class OrderNotifier(ChatService.ChatServiceClient chat)
{
    /// <summary>Tells the room that an order has shipped. However often a job repeats this, the room is told once.</summary>
    /// <returns>The id of the message.</returns>
    public async Task<long> ShippedAsync(string orderId, CancellationToken cancellation = default)
    {
        var request = new SendMessageRequest
        {
            Send = new Send { Room = "orders", ClientOffset = $"shipped-{orderId}", Text = $"Order {orderId} has shipped." },
        };
        var response = await chat.SendMessageAsync(request, cancellationToken: cancellation);
        return response.Ack.Id;
    }
}
