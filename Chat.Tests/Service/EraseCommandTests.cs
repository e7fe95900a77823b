using System.Text;
using GrpcChat.AspNetCore;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary><c>erase</c> and <c>check --repair</c> as an operator runs them.</summary>
[Trait("Log", "sqlite")]
public sealed class EraseCommandTests : IDisposable
{
    private const string Done = "; the log's files have no trace of the texts\n";

    private readonly TempDirectory temp = new();

    private string Data => Path.Combine(temp.Path, "data");

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task In_a_running_service_readers_get_the_message_without_its_text_and_the_files_have_no_trace()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "lobby");
        await ann.UntilAsync(call => call.CaughtUp.Count == 1);
        await ann.SendManyAsync("lobby", Enumerable.Range(1, 20).Select(n => ($"offset-{n}", $"a secret of the number {n}.")));
        await ann.UntilAsync(call => call.Messages.Count == 20);

        await AssertRunsAsync("erased 2 messages" + Done, "erase", "lobby", "3", "20");

        // From the tail, from the log, and in a page.
        await using var late = new ChatCall(channel, "user", "bob", "room", "lobby");
        await late.UntilAsync(call => call.CaughtUp.Count == 1);
        var client = new ChatService.ChatServiceClient(channel);
        var page = await client.ListMessagesAsync(new ListMessagesRequest { Room = "lobby" });
        foreach (var messages in (IReadOnlyList<Message>[])[late.Messages, [.. page.Messages]])
        {
            Assert.Equal([3, 20], messages.Where(message => message.Erased).Select(message => message.Id));
            Assert.All(messages, message => Assert.Equal(message.Erased, message.Text.Length == 0));
            Assert.All(messages, message => Assert.Equal(("ann", $"offset-{message.Id}"), (message.Sender, message.ClientOffset)));
        }
        AssertNoTrace("number 3.", "number 20.");
        Assert.Contains("number 4.", await AllFilesAsync(), StringComparison.Ordinal);

        // The service goes on, and a second time nothing is left to erase.
        await AssertRunsAsync("erased 1 message; 1 message had been erased before" + Done, "erase", "lobby", "3", "4");
        await ann.SendAsync("offset-21", "after it");
        await late.UntilAsync(call => call.Messages.Count == 21);
        AssertNoTrace("number 4.");
    }

    [Fact]
    public async Task In_a_stopped_log_it_is_the_same()
    {
        await FillAsync();

        await AssertRunsAsync("erased 10 messages" + Done, "erase", "--sender", "ann");
        AssertNoTrace("of ann");

        var content = await AllFilesAsync();
        Assert.Contains("of bob in lobby", content, StringComparison.Ordinal);
        await AssertRunsAsync("erased 5 messages" + Done, "erase", "--sender", "bob", "--room", "lobby");
        AssertNoTrace("of bob in lobby");
        Assert.Contains("of bob in ops", await AllFilesAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await ServiceProcess.RunAsync(["check", "--data", Data])).ExitCode);
    }

    [Fact]
    public async Task What_is_erased_stays_erased_in_a_backup_an_export_and_what_is_made_of_them()
    {
        await FillAsync();
        await AssertRunsAsync("erased 10 messages" + Done, "erase", "--sender", "ann");
        var log = new MessageLogDirectory(Data);
        var (restored, imported) = (new MessageLogDirectory(PathOf("restored")), new MessageLogDirectory(PathOf("imported")));

        log.Backup(PathOf("backup.db"));
        restored.Restore(PathOf("backup.db"));
        log.ExportToFile(PathOf("export.jsonl"));
        await using (var lines = File.OpenRead(PathOf("export.jsonl")))
        {
            imported.Import(lines);
        }

        Assert.Null(log.FindDifference(restored));
        Assert.Null(log.FindDifference(imported));
        Assert.DoesNotContain("of ann", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(PathOf("backup.db"))), StringComparison.Ordinal);
        Assert.Equal(10, (await File.ReadAllLinesAsync(PathOf("export.jsonl")))
            .Count(line => line.Contains("\"text\":\"\",\"erased\":true", StringComparison.Ordinal)));
        await using var service = await ServiceProcess.StartAsync(PathOf("imported"));
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "lobby");
        await ann.SendAsync("ann-lobby-0", "whatever");
        await ann.UntilAsync(call => call.Acks.Count == 1);
        Assert.True(ann.Acks[0].Duplicate);
    }

    [Theory]
    [InlineData(2, "give either ROOM and ID, or --sender NAME and, if you want to, --room ROOM")]
    [InlineData(2, "give either ROOM and ID, or --sender NAME and, if you want to, --room ROOM", "lobby")]
    [InlineData(2, "give either ROOM and ID, or --sender NAME and, if you want to, --room ROOM", "lobby", "1", "--sender", "ann")]
    [InlineData(2, "give either ROOM and ID, or --sender NAME and, if you want to, --room ROOM", "lobby", "1", "--room", "lobby")]
    [InlineData(2, "'Lobby' is not a valid room name; use", "Lobby", "1")]
    [InlineData(2, "argument 'x'", "lobby", "x")]
    [InlineData(2, "'' cannot be the name of a sender", "--sender", "")]
    [InlineData(6, "nothing was erased: room lobby has no message 11; its newest is 10", "lobby", "1", "11")]
    [InlineData(6, "nothing was erased: room moor has never had a message", "moor", "1")]
    [InlineData(6, "nothing was erased: 'eve' has never sent a message", "--sender", "eve")]
    public async Task What_cannot_be_erased_is_one_line_with_and_without_a_service(int exitCode, string words, params string[] arguments)
    {
        await FillAsync();
        await AssertFailsAsync();
        await using var service = await ServiceProcess.StartAsync(Data);
        await AssertFailsAsync();

        async Task AssertFailsAsync()
        {
            var (code, output, errors) = await ServiceProcess.RunAsync(["erase", .. arguments, "--data", Data]);
            Assert.Equal((exitCode, ""), (code, output));
            Assert.Contains(words, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Where_there_is_no_log_none_is_made()
    {
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["erase", "lobby", "1", "--data", Data]);

        Assert.Equal(4, exitCode);
        Assert.Contains("does not exist; name the directory of a log", errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task No_line_of_the_service_has_a_text()
    {
        await using var service = await ServiceProcess.StartAsync(
            Data, environment: [("Logging__LogLevel__Grpc", "Trace"), ("Logging__LogLevel__Microsoft", "Trace")]);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "lobby");
        await ann.SendAsync("offset-1", "a secret of the number 1.");
        await ann.UntilAsync(call => call.Acks.Count == 1);
        await AssertRunsAsync("erased 1 message" + Done, "erase", "lobby", "1");

        var (_, errors, _) = await service.TerminateAsync();

        Assert.NotEmpty(errors);
        Assert.DoesNotContain("secret", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repair_says_what_it_did_and_what_is_left()
    {
        await FillAsync();
        var database = Path.Combine(Data, "chat.db");
        Execute(database, "DELETE FROM sent_key WHERE client_offset = 'ann-lobby-0'");

        await AssertRunsAsync(
            $"""
            repaired: room lobby: the client offset of message 1 was missing; it follows from the message
            {Data}: 1 repair, no problem in 2 rooms, 20 messages

            """,
            "check", "--repair");
        await AssertRunsAsync($"{Data}: nothing repaired, no problem in 2 rooms, 20 messages\n", "check", "--repair");

        Execute(database, "UPDATE message SET text = 'other' WHERE client_offset = 'ann-lobby-1'");
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["check", "--repair", "--data", Data]);
        Assert.Equal((1, ""), (exitCode, errors));
        Assert.StartsWith("room lobby: message 3: it is not what was stored\n", output, StringComparison.Ordinal);
        Assert.EndsWith(
            $"""
            {Data}: nothing repaired, 2 problems in 2 rooms, 20 messages
            what is left cannot be repaired: nothing in the log proves what it was; restore a backup

            """,
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_in_use_is_not_repaired()
    {
        await using var service = await ServiceProcess.StartAsync(Data);

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["check", "--repair", "--data", Data]);

        Assert.Equal(4, exitCode);
        Assert.Contains($"is in use by another service, process {service.Id}; stop that service", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Equal(2, (await ServiceProcess.RunAsync(["check", "--repair", "--compare", "x", "--data", Data])).ExitCode);
    }

    private string PathOf(string name) => Path.Combine(temp.Path, name);

    // Five messages of each sender in each room.
    private async Task FillAsync()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await using var bob = new ChatCall(channel, "user", "bob", "room", "-");
        for (var n = 0; n < 5; n++)
        {
            foreach (var room in (string[])["lobby", "ops"])
            {
                await ann.SendAsync($"ann-{room}-{n}", $"text {n} of ann in {room}", room);
                await ann.UntilAsync(call => call.Acks.Any(ack => ack.ClientOffset == $"ann-{room}-{n}"));
                await bob.SendAsync($"bob-{room}-{n}", $"text {n} of bob in {room}", room);
                await bob.UntilAsync(call => call.Acks.Any(ack => ack.ClientOffset == $"bob-{room}-{n}"));
            }
        }

        await service.TerminateAsync();
    }

    private void AssertNoTrace(params string[] words)
    {
        var content = AllFilesAsync().GetAwaiter().GetResult();
        Assert.All(words, word => Assert.DoesNotContain(word, content, StringComparison.Ordinal));
    }

    private async Task<string> AllFilesAsync()
    {
        var content = new StringBuilder();
        foreach (var path in Directory.GetFiles(Data).Where(path => Path.GetExtension(path) is not (".lock" or ".control")))
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes);
            content.Append(Encoding.Latin1.GetString(bytes));
        }

        return content.ToString();
    }

    private async Task AssertRunsAsync(string output, params string[] arguments)
    {
        var (exitCode, printed, errors) = await ServiceProcess.RunAsync([.. arguments, "--data", Data]);
        Assert.Equal((0, output, ""), (exitCode, printed, errors));
    }

    private static void Execute(string database, string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        AspNetCore.Storage.Sqlite.SqliteLogFile.Execute(connection, sql);
    }
}
