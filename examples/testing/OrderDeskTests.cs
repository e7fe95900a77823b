using GrpcChat.Client;
using Xunit;

namespace GrpcChat.Examples.Testing;

public sealed class OrderDeskTests
{
    [Fact]
    public async Task An_order_is_announced_with_a_client_offset_of_its_own()
    {
        var chat = new FakeChat();

        Assert.True(await new OrderDesk(chat).ShippedAsync("4711"));

        Assert.Equal(["orders shipped-4711: Order 4711 has shipped."], chat.Sent);
    }

    [Fact]
    public async Task A_refusal_is_reported() => Assert.False(await new OrderDesk(new FakeChat { Refuses = true }).ShippedAsync("4711"));

    private sealed class FakeChat : IChatClient
    {
        public List<string> Sent { get; } = [];
        public bool Refuses { get; init; }

        public Task<SentMessage> SendAsync(string room, string text, string? clientOffset, CancellationToken cancellationToken)
        {
            Sent.Add($"{room} {clientOffset}: {text}");
            return Refuses
                ? throw new ChatRefusedException(RefusalReason.Forbidden, "not here")
                : Task.FromResult(new SentMessage(room, clientOffset!, Id: Sent.Count, WasStoredBefore: false));
        }
    }
}
