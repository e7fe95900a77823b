using GrpcChat.Client;

namespace GrpcChat.Examples.Testing;

/// <summary>A part of some application that uses the client library.</summary>
public sealed class OrderDesk(IChatClient chat)
{
    /// <summary>Tells the room that an order has shipped; false if the service refuses the message.</summary>
    public async Task<bool> ShippedAsync(string orderId)
    {
        try
        {
            await chat.SendAsync("orders", $"Order {orderId} has shipped.", $"shipped-{orderId}");
            return true;
        }
        catch (ChatRefusedException)
        {
            return false;
        }
    }
}
