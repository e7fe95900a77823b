using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>The commands of an operator whose log is in PostgreSQL, with and without a running node.</summary>
public sealed class PostgresCommandTests : IDisposable
{
    private const string Traces =
        "; the files of the server, its write-ahead log, standbys and backups may still have traces of the texts\n";

    private readonly TempDirectory temp = new();
    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    private string Data => PathOf("data");

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task A_running_node_trims_and_erases_when_it_is_asked_at_its_directory()
    {
        await using var node = await StartFilledAsync();
        using var channel = node.OpenChannel();
        await using var reader = new ChatCall(channel, "user", "reader", "room", "lobby");
        await reader.UntilAsync(call => call.Messages.Count == 20);

        await AssertPrintsAsync("lobby: removed 15 messages, kept 5\n", "trim", "--data", Data, "--keep-messages", "5");
        await AssertPrintsAsync("erased 2 messages" + Traces, "erase", "--data", Data, "lobby", "17", "20");

        await AssertKeptAsync(node);
    }

    [Fact]
    public async Task The_commands_trim_and_erase_in_the_database_by_themselves_beside_a_node_or_without_one()
    {
        await using (var node = await StartFilledAsync())
        {
            await AssertPrintsAsync("lobby: removed 15 messages, kept 5\n", "trim", "--log", database, "--keep-messages", "5");
            await AssertPrintsAsync("erased 1 message" + Traces, "erase", "--log", database, "lobby", "17");
            await node.KillAsync();
        }

        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["erase", "lobby", "17", "20"], ("CHAT_LOG", database));
        Assert.Equal((0, "erased 1 message; 1 message had been erased before" + Traces, ""), (exitCode, output, errors));
        await AssertPrintsAsync("nothing to remove\n", "trim", "--log", database, "--keep-messages", "5");

        await using var again = await ServiceProcess.StartAsync(Data, arguments: ["--log", database]);
        await AssertKeptAsync(again);
    }

    [Fact]
    public async Task A_log_is_checked_and_moved_to_files_and_to_another_database()
    {
        var other = PostgresCluster.Shared.CreateDatabase();
        await using (await StartFilledAsync())
        {
            await AssertPrintsAsync($"{Location(database)}: no problem in 1 room, 20 messages\n", "check", "--log", database);
            await AssertPrintsAsync($"exported 1 room, 20 messages to {PathOf("export")}\n", "export", "--log", database, PathOf("export"));
        }

        await AssertPrintsAsync($"imported 1 room, 20 messages to {PathOf("files")}\n", "import", "--data", PathOf("files"), PathOf("export"));
        await AssertPrintsAsync($"imported 1 room, 20 messages to {Location(other)}\n", "import", "--log", other, PathOf("export"));
        foreach (var (one, two, location) in ((string[], string, string)[])
            [(["--data", PathOf("files")], database, PathOf("files")), (["--log", other], database, Location(other))])
        {
            await AssertPrintsAsync(
                $"""
                {location}: no problem in 1 room, 20 messages
                {Location(database)}: no problem in 1 room, 20 messages
                the same content and the same log id

                """,
                ["check", .. one, "--compare", two]);
        }

        PostgresCluster.Execute(other, "UPDATE grpcchat.message SET text = 'another' WHERE id = 7");
        var (exitCode, output, _) = await ServiceProcess.RunAsync(["check", "--log", other]);
        Assert.Equal(1, exitCode);
        Assert.StartsWith("room lobby: message 7: its text is not the one that was stored\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "back it up with PostgreSQL's own tools", "backup", "file")]
    [InlineData(2, "restore it with PostgreSQL's own tools, and give it a new log id", "restore", "file")]
    [InlineData(2, "import into a directory, and move that log", "import", "--socket-io", "file", "--room", "lobby")]
    [InlineData(2, "nothing is repaired there", "check", "--repair")]
    [InlineData(2, "give either --data, for a log in a directory or a running service, or --log", "check", "--data", ".")]
    [InlineData(4, "has no log; name the database of the service", "check")]
    [InlineData(4, "has no log; name the database of the service", "export")]
    [InlineData(4, "has no log; name the database of the service", "trim", "--keep-messages", "5")]
    [InlineData(4, "has no log; name the database of the service", "erase", "lobby", "5")]
    public async Task What_is_not_done_in_a_database_is_one_line(int exitCode, string words, params string[] arguments)
    {
        var (code, output, errors) = await ServiceProcess.RunAsync([.. arguments, "--log", database]);

        Assert.Equal((exitCode, ""), (code, output));
        Assert.Contains(words, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_never_printed()
    {
        foreach (var wrong in (string[])["Host=127.0.0.1;Port=1;Username=chat;Password=secret", "Host=db;Pasword=secret"])
        {
            foreach (var arguments in (string[][])[["check"], ["export"], ["import"], ["trim", "--keep-days", "1"], ["erase", "lobby", "1"]])
            {
                var (exitCode, output, errors) = await ServiceProcess.RunAsync(arguments, ("CHAT_LOG", wrong));

                Assert.Equal((4, ""), (exitCode, output));
                Assert.DoesNotContain("secret", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
            }
        }
    }

    private string PathOf(string name) => Path.Combine(temp.Path, name);

    private static string Location(string connectionString)
    {
        var settings = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        return $"PostgreSQL at {settings.Host}:{settings.Port}, database {settings.Database}";
    }

    private async Task<ServiceProcess> StartFilledAsync()
    {
        var node = await ServiceProcess.StartAsync(Data, arguments: ["--log", database]);
        using var channel = node.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await ann.SendManyAsync("lobby", Enumerable.Range(1, 20).Select(n => ($"{n}", $"text {n}")));
        await ann.UntilAsync(call => call.Acks.Count == 20);
        return node;
    }

    private static async Task AssertKeptAsync(ServiceProcess node)
    {
        using var channel = node.OpenChannel();
        await using var late = new ChatCall(channel, "user", "late", "room", "lobby");
        await late.UntilAsync(call => call.CaughtUp.Count == 1);
        Assert.Equal([16, 17, 18, 19, 20], late.Ids());
        Assert.Equal(["text 16", "", "text 18", "text 19", ""], late.Messages.Select(message => message.Text));
    }

    private static async Task AssertPrintsAsync(string output, params string[] arguments)
    {
        var (exitCode, printed, errors) = await ServiceProcess.RunAsync(arguments);
        Assert.Equal((0, output, ""), (exitCode, printed, errors));
    }
}
