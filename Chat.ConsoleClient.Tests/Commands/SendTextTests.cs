using System.Text;
using GrpcChat.TestSupport;
using Xunit;
using static GrpcChat.ConsoleClient.Tests.Commands.CommandCalls;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>What <c>chat send</c> takes for a text, and what it does not send.</summary>
public sealed class SendTextTests
{
    [Fact]
    public async Task A_text_that_starts_with_an_at_sign_does_not_name_a_file()
    {
        await using var server = await ChatServer.StartAsync();
        using var directory = new TempDirectory();
        var file = Path.Combine(directory.Path, "secret");
        await File.WriteAllTextAsync(file, "secret");

        Assert.Equal(0, (await RunAsync(server, "send", "@ann please look")).ExitCode);
        Assert.Equal(0, (await RunAsync(server, "send", $"@{file}")).ExitCode);

        Assert.Equal(["@ann please look", $"@{file}"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task A_text_that_looks_like_an_option_is_sent_only_after_a_double_dash()
    {
        await using var server = await ChatServer.StartAsync();

        Assert.Equal(2, (await RunAsync(server, "send", "--verbose")).ExitCode);
        Assert.Equal(0, (await ClientProcess.RunAsync(["send", "--address", $"{server.Address}", "--", "--verbose"])).ExitCode);

        Assert.Equal("--verbose", Assert.Single(await ReadHistoryAsync(server, "lobby")).Text);
    }

    [Fact]
    public async Task Lines_that_no_service_accepts_are_named_and_the_others_are_stored()
    {
        await using var server = await ChatServer.StartAsync();
        byte[] input =
        [
            .. "first\n"u8, 0x62, 0xff, 0x0a, .. "nul\0\n"u8, .. Encoding.ASCII.GetBytes(new string('x', 200_000)), 0x0a,
            .. Encoding.ASCII.GetBytes(new string('y', 20_000)), 0x0a, .. "\r\n\nlast"u8,
        ];

        var result = await ClientProcess.RunAsync(["send", "--address", $"{server.Address}"], input);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            [
                "line 2 was refused: it is not valid UTF-8: byte 0xff at position 2",
                "line 3 was refused: it contains U+0000, which cannot be stored",
                "line 4 was refused: it has 200,000 bytes, but no service accepts more than 30,720",
                "line 5 was refused: the text has 20000 bytes of UTF-8, but may have at most 16384; split it",
                "2 stored, 4 refused",
                "2 empty lines skipped",
            ],
            result.Errors);
        Assert.Equal(["first", "last"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Fact]
    public async Task Empty_lines_are_skipped_and_counted()
    {
        await using var server = await ChatServer.StartAsync();

        var one = await SendAsync(server, "a\n\nb\n", "--offset-prefix", "one", "--summary");
        var none = await SendAsync(server, "a\nb\n", "--offset-prefix", "none");

        Assert.Equal(["1 empty line skipped", "sent 2 · acked 2"], one.Errors);
        Assert.Equal((0, 0, 0), (one.ExitCode, none.ExitCode, none.Errors.Length));
        Assert.Equal(["one-1", "one-3", "none-1", "none-2"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.ClientOffset));
    }

    [Fact]
    public async Task A_byte_order_mark_at_the_start_of_the_input_is_not_part_of_the_first_line()
    {
        await using var server = await ChatServer.StartAsync();

        var marked = await SendAsync(server, "\ufeffa\n\ufeffb\n", "--offset-prefix", "job");
        var again = await SendAsync(server, "a\n\ufeffb\n", "--offset-prefix", "job");

        Assert.Equal((0, 0, 0), (marked.ExitCode, again.ExitCode, again.Errors.Length));
        Assert.Equal(["a", "\ufeffb"], (await ReadHistoryAsync(server, "lobby")).Select(message => message.Text));
    }

    [Theory]
    [InlineData(@"chat send $'caf\xe9'", "chat: the argument 'caf\ufffd' is not valid UTF-8: byte 0xe9 at position 4; convert it, for example with iconv")]
    [InlineData(@"chat send --user $'Zo\xeb' hello", "chat: the argument 'Zo\ufffd' is not valid UTF-8: byte 0xeb at position 3; convert it, for example with iconv")]
    [InlineData(@"chat send --room $'\xff' hello", "chat: the argument '\ufffd' is not valid UTF-8: byte 0xff at position 1; convert it, for example with iconv")]
    [InlineData(@"CHAT_USER=$'Zo\xeb' chat send hello", "chat: CHAT_USER, which is 'Zo\ufffd', is not valid UTF-8: byte 0xeb at position 3; convert it, for example with iconv")]
    public async Task An_argument_that_is_not_UTF8_is_named_and_nothing_is_sent(string script, string said)
    {
        await using var server = await ChatServer.StartAsync();

        var result = await ClientShell.RunAsync(script, server.Address);

        Assert.Equal((2, said), (result.ExitCode, Assert.Single(result.Errors)));
        Assert.Empty(await ReadHistoryAsync(server, "lobby"));
    }

    [Fact]
    public async Task A_replacement_character_that_is_meant_is_sent()
    {
        await using var server = await ChatServer.StartAsync();

        await ClientShell.RunAsync(@"CHAT_USER=$'\xef\xbf\xbd' chat send $'a \xef\xbf\xbd b'", server.Address);

        var stored = Assert.Single(await ReadHistoryAsync(server, "lobby"));
        Assert.Equal(("\ufffd", "a \ufffd b"), (stored.Sender, stored.Text));
    }
}
