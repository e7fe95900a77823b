using System.Globalization;
using Microsoft.AspNetCore.SignalR;

namespace GrpcChat.Bench.SignalR;

/// <summary>
/// Inserts a message, broadcasts it and returns its id; replays missed messages to a client that connects.
/// </summary>
/// <param name="table">The messages.</param>
internal sealed class ChatHub(MessageTable table) : Hub
{
    private const string Readers = "readers";
    private const string ChatMessage = "chat message";

    public override async Task OnConnectedAsync()
    {
        var query = Context.GetHttpContext()!.Request.Query;
        if (query["reads"] != "true")
        {
            return;
        }

        await Groups.AddToGroupAsync(Context.ConnectionId, Readers, Context.ConnectionAborted);
        await Clients.Caller.SendAsync("following", Context.ConnectionAborted);
        if (long.TryParse(query["after"], CultureInfo.InvariantCulture, out var after) && after >= 0)
        {
            await foreach (var (id, text) in table.AfterAsync(after))
            {
                await Clients.Caller.SendAsync(ChatMessage, text, id, Context.ConnectionAborted);
            }
        }
    }

    /// <summary>Stores and broadcasts a message. The completion of the invocation is the ack, with the id.</summary>
    public async Task<long> Send(string text, string clientOffset)
    {
        var (id, isNew) = await table.InsertAsync(text, clientOffset);
        if (isNew)
        {
            await Clients.Group(Readers).SendAsync(ChatMessage, text, id);
        }

        return id;
    }
}
