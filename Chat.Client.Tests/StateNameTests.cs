using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Which service a state file belongs to, and how it follows one that moves.</summary>
public sealed class StateNameTests : LibraryTest
{
    // As the first version of the library made it.
    private const string FirstSchema = """
        PRAGMA application_id = 0x47434353;
        PRAGMA user_version = 1;
        CREATE TABLE chat_client (address TEXT NOT NULL, sender TEXT NOT NULL) STRICT;
        CREATE TABLE chat_outbox (
            sequence      INTEGER PRIMARY KEY,
            room          TEXT NOT NULL,
            client_offset TEXT NOT NULL,
            text          TEXT NOT NULL,
            reason        INTEGER,
            detail        TEXT
        ) STRICT;
        CREATE TABLE chat_position (
            room   TEXT PRIMARY KEY,
            log_id TEXT NOT NULL,
            id     INTEGER NOT NULL
        ) STRICT;
        PRAGMA journal_mode = WAL;
        """;

    [Fact]
    public async Task A_file_of_the_first_version_is_opened_and_everything_in_it_counts()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 5);
        MakeFirst($"http://{server.Address.Authority}", server.LogId);

        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        var refused = await ReadAsync<MessageRefused>(client);
        _ = client.JoinAsync("ops");
        var received = await ReadAsync<MessageReceived>(client);
        await client.FlushAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(
            ("ops", "old-2", "too long", RefusalReason.TooLarge, "shorten it"),
            (refused.Room, refused.ClientOffset, refused.Text, refused.Reason, refused.Description));
        Assert.Equal(4, received.Message.Id);
        var page = await client.ReadHistoryAsync("ops", count: 1).WaitAsync(ChatCall.Deadline);
        Assert.Equal(("old-1", "first"), (page.Messages[0].ClientOffset, page.Messages[0].Text));
    }

    [Fact]
    public async Task A_named_service_may_move_to_another_address()
    {
        await using var server = await ChatServer.StartAsync();
        await using (var client = ChatClient.Open(Options(NobodyThere()) with { StateName = "shop" }))
        {
            await client.EnqueueAsync("ops", "on its way");
        }

        await using var moved = ChatClient.Open(Options(server) with { StateName = "shop" });
        await moved.FlushAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal("on its way", Assert.Single((await moved.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline)).Messages).Text);
    }

    [Fact]
    public async Task A_file_without_a_name_moves_under_its_old_address()
    {
        var old = NobodyThere();
        await using var server = await ChatServer.StartAsync();
        await using (var client = ChatClient.Open(Options(old)))
        {
            await client.EnqueueAsync("ops", "on its way");
        }

        await using var moved = ChatClient.Open(Options(server) with { StateName = old });
        await moved.FlushAsync().WaitAsync(ChatCall.Deadline);
        Assert.Single((await moved.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline)).Messages);
    }

    [Fact]
    public async Task Another_name_is_refused_with_both_names()
    {
        var address = NobodyThere();
        await ChatClient.Open(Options(address) with { StateName = "shop" }).DisposeAsync();

        foreach (var (name, shown) in ((string?, string)[])[("bank", "bank"), (null, address)])
        {
            var error = Assert.Throws<ChatStateException>(() => ChatClient.Open(Options(address) with { StateName = name }));
            Assert.Contains($"belongs to the service 'shop', not to '{shown}'", error.Message, StringComparison.Ordinal);
            Assert.Contains("StateName", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public void An_invalid_name_is_refused(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => ChatClient.Open(Options(NobodyThere()) with { StateName = name }));
        Assert.Contains("StateName", error.Message, StringComparison.Ordinal);
    }

    private void MakeFirst(string address, string logId) => Query($"""
        {FirstSchema}
        INSERT INTO chat_client VALUES ('{address}', 'ann');
        INSERT INTO chat_outbox VALUES (1, 'ops', 'old-1', 'first', NULL, NULL);
        INSERT INTO chat_outbox VALUES (2, 'ops', 'old-2', 'too long', 2, 'shorten it');
        INSERT INTO chat_position VALUES ('ops', '{logId}', 3);
        SELECT address FROM chat_client
        """);
}
