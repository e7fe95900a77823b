using Chat.Client;
using Chat.Tests.Infrastructure;
using Xunit;

namespace Chat.Tests.Library;

public sealed class FirstTests
{
    [Fact]
    public async Task It_works()
    {
        await using var server = await ChatServer.StartAsync();
        await using var client = ChatClient.Open(new() { Addresses = [server.Address.ToString()], User = "ann" });
        var joining = client.JoinAsync("ops");
        var sent = await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline);
        Assert.Equal(1, sent.Id);
        await joining.WaitAsync(ChatCall.Deadline);
        await foreach (var e in client.ReadEventsAsync())
        {
            TestContext.Current.SendDiagnosticMessage(e.ToString());
            if (e is MessageReceived m) { Assert.Equal("hello", m.Message.Text); break; }
        }
    }
}
