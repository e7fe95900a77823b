using System.Diagnostics;
using GrpcChat.AspNetCore;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>The commands that work on a whole log: what they print, and their exit codes.</summary>
[Trait("Log", "sqlite")]
public sealed class MaintenanceCommandTests : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll");

    private readonly TempDirectory temp = new();

    private string Data => PathOf("data");

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task A_log_in_use_is_backed_up_checked_and_exported_and_the_copies_are_the_same()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await SendAsync(service, 50);

        await AssertPrintsAsync($"backed up 1 room, 50 messages to {PathOf("backup.db")}\n", "backup", "--data", Data, PathOf("backup.db"));
        await AssertPrintsAsync($"{Data}: no problem in 1 room, 50 messages\n", "check", "--data", Data);
        await AssertPrintsAsync($"exported 1 room, 50 messages to {PathOf("export")}\n", "export", "--data", Data, PathOf("export"));
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["restore", "--data", PathOf("restored"), PathOf("backup.db")]);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.StartsWith($"restored 1 room, 50 messages to {PathOf("restored")}; the new log id is ", output, StringComparison.Ordinal);
        await AssertPrintsAsync($"imported 1 room, 50 messages to {PathOf("imported")}\n", "import", "--data", PathOf("imported"), PathOf("export"));
        await AssertPrintsAsync(
            $"""
            {Data}: no problem in 1 room, 50 messages
            {PathOf("imported")}: no problem in 1 room, 50 messages
            the same content and the same log id

            """,
            "check", "--data", Data, "--compare", PathOf("imported"));
        await AssertPrintsAsync(
            $"""
            {Data}: no problem in 1 room, 50 messages
            {PathOf("restored")}: no problem in 1 room, 50 messages
            the same content, but another log id: a client of the one is told RESET by the other

            """,
            "check", "--data", Data, "--compare", PathOf("restored"));
    }

    [Fact]
    public async Task A_client_is_told_RESET_by_a_restored_log()
    {
        string logId;
        await using (var service = await ServiceProcess.StartAsync(Data))
        {
            await SendAsync(service, 10);
            using var channel = service.OpenChannel();
            await using var before = new ChatCall(channel, "user", "reader");
            await before.UntilAsync(call => call.CaughtUp.Count == 1);
            logId = before.Joined[0].LogId;
            await AssertEndsAsync(0, "", "backup", "--data", Data, PathOf("backup.db"));
            await SendAsync(service, 12);
        }

        await AssertEndsAsync(0, "", "restore", "--data", PathOf("restored"), PathOf("backup.db"));
        await using var restored = await ServiceProcess.StartAsync(PathOf("restored"));
        using var again = restored.OpenChannel();
        await using var client = new ChatCall(again, "user", "reader", "log-id", logId, "last-seen-id", "12");
        await client.UntilAsync(call => call.CaughtUp.Count == 1);

        Assert.Equal((Resume.Reset, 0), (client.Joined[0].Resume, client.Joined[0].AfterId));
        Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id), client.Ids());
    }

    [Fact]
    public async Task An_export_goes_through_a_pipe()
    {
        await CreateLogAsync(2000);

        var (exitCode, output, errors) = await ShellAsync(
            """dotnet "$0" export --data "$1" | dotnet "$0" import --data "$2" """, Program, Data, PathOf("imported"));

        Assert.Equal(
            (0, $"imported 1 room, 2,000 messages to {PathOf("imported")}\n", "exported 1 room, 2,000 messages\n"), (exitCode, output, errors));
        Assert.Null(new MessageLogDirectory(Data).FindDifference(new MessageLogDirectory(PathOf("imported"))));
    }

    [Fact]
    public async Task An_export_whose_reader_ends_early_says_so()
    {
        await CreateLogAsync(20_000);

        var (exitCode, _, errors) = await ShellAsync(
            """set -o pipefail; dotnet "$0" export --data "$1" | head -n 1 > /dev/null""", Program, Data);

        Assert.Equal(6, exitCode);
        AssertOneLine(errors, "cannot export", "Broken pipe");
    }

    [Fact]
    public async Task An_import_that_is_killed_leaves_no_log_and_can_be_repeated()
    {
        await CreateLogAsync(2000);
        var export = PathOf("export");
        new MessageLogDirectory(Data).ExportToFile(export);
        var lines = await File.ReadAllLinesAsync(export);
        var start = new ProcessStartInfo("dotnet", [Program, "import", "--data", PathOf("imported")]) { RedirectStandardInput = true };
        using var import = Process.Start(start)!;
        foreach (var line in lines[..^1])
        {
            await import.StandardInput.WriteLineAsync(line);
        }

        await import.StandardInput.FlushAsync();
        for (var waited = Stopwatch.StartNew(); !File.Exists(PathOf("imported/chat.db.new")); await Task.Delay(20))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "The import does not begin.");
        }

        import.Kill();
        await import.WaitForExitAsync().WaitAsync(ChatCall.Deadline);

        Assert.False(File.Exists(PathOf("imported/chat.db")));
        await AssertEndsAsync(0, "", "import", "--data", PathOf("imported"), export);
        Assert.Equal(["chat.db", "chat.db.lock", "chat.db.witness"], EntriesOf("imported"));
        await AssertEndsAsync(0, "", "check", "--data", PathOf("imported"), "--compare", Data);
    }

    [Fact]
    public async Task An_import_that_is_asked_to_stop_tidies_up()
    {
        var start = new ProcessStartInfo("dotnet", [Program, "import", "--data", PathOf("imported")])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using var import = Process.Start(start)!;
        await import.StandardInput.WriteLineAsync($$"""
            {"type":"log","version":1,"log_id":"{{new string('0', 32)}}"}
            {"type":"room","room":"lobby","oldest":1,"head":1000000000}
            """);
        await import.StandardInput.FlushAsync();
        for (var waited = Stopwatch.StartNew(); !File.Exists(PathOf("imported/chat.db.new")); await Task.Delay(20))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "The import does not begin.");
        }

        using (var kill = Process.Start("kill", ["-TERM", $"{import.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        // It would go on for a long time.
        try
        {
            for (var id = 1; id < 1_000_000_000; id++)
            {
                await import.StandardInput.WriteLineAsync(
                    $$"""{"type":"message","room":"lobby","id":{{id}},"sender":"ann","sent_at":"2026-01-01T00:00:00Z","client_offset":"{{id}}","text":"x"}""");
            }
        }
        catch (IOException)
        {
            // It has ended.
        }

        var errors = await import.StandardError.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
        await import.WaitForExitAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal((6, "chat service: import was interrupted, and left nothing behind\n"), (import.ExitCode, errors));
        Assert.Equal(["chat.db.lock"], EntriesOf("imported"));
    }

    [Theory]
    [InlineData("backup --data {data} {small}/backup.db")]
    [InlineData("export --data {data} {small}/export")]
    [InlineData("restore --data {small} {backup}")]
    [InlineData("import --data {small} {export}")]
    [InlineData("import --data {small} --socket-io {tutorial} --room lobby")]
    public async Task On_a_full_disk_nothing_is_left_behind(string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A small disk needs Linux's namespaces.");
        await CreateLogAsync(2000, new string('x', 500));
        var log = new MessageLogDirectory(Data);
        log.Backup(PathOf("backup"));
        log.ExportToFile(PathOf("export"));
        CreateTutorial(5000);
        var small = PathOf("small");
        Directory.CreateDirectory(small);
        string[] launcher =
        [
            "unshare", "--map-root-user", "--mount",
            "sh", "-c", $"mount -t tmpfs -o size=256k tmpfs '{small}' && \"$@\"; code=$?; ls -A '{small}'; exit $code", "sh",
        ];

        var (exitCode, output, errors) = await ServiceProcess.RunUnderAsync(launcher, [.. command.Split(' ').Select(word => word
            .Replace("{data}", Data, StringComparison.Ordinal)
            .Replace("{small}", small, StringComparison.Ordinal)
            .Replace("{backup}", PathOf("backup"), StringComparison.Ordinal)
            .Replace("{export}", PathOf("export"), StringComparison.Ordinal)
            .Replace("{tutorial}", PathOf("tutorial.db"), StringComparison.Ordinal))]);

        Assert.Equal(6, exitCode);
        AssertOneLine(errors, "the disk is full");
        Assert.Contains(output, (string[])["", "chat.db.lock\n"]);
    }

    [Theory]
    [InlineData("backup")]
    [InlineData("export")]
    public async Task A_file_that_may_not_become_large_enough_is_not_made(string command)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such limit.");
        await CreateLogAsync(2000, new string('x', 500));

        // .NET itself would need a larger file for code that it does not write and execute under the same address.
        var (exitCode, output, errors) = await ServiceProcess.RunUnderAsync(
            ["sh", "-c", "export DOTNET_EnableWriteXorExecute=0; ulimit -f 64; exec \"$@\"", "sh"], [command, "--data", Data, PathOf("target")]);

        Assert.Equal((6, ""), (exitCode, output));
        AssertOneLine(errors, "RLIMIT_FSIZE");
        Assert.Equal(["data"], EntriesOf("."));
    }

    [Fact]
    public async Task A_problem_is_a_line_and_ends_with_1()
    {
        await CreateLogAsync(10);
        Execute(Path.Combine(Data, "chat.db"), "DELETE FROM message WHERE position IN ((1 << 40) | 3, (1 << 40) | 7)");

        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["check", "--data", Data]);

        Assert.Equal(
            (1, $"""
            room lobby: message 3 is missing
            room lobby: message 7 is missing
            {Data}: 2 problems in 1 room, 8 messages

            """, ""),
            (exitCode, output, errors));
        await AssertEndsAsync(6, "room lobby: message 3 is missing", "backup", "--data", Data, PathOf("backup.db"));
        await AssertEndsAsync(6, "room lobby: message 3 is missing", "export", "--data", Data, PathOf("export"));
        Assert.Equal(["data"], EntriesOf("."));
    }

    [Fact]
    public async Task Logs_that_differ_end_with_1()
    {
        await CreateLogAsync(10);
        new MessageLogDirectory(Data).Backup(PathOf("backup.db"));
        new MessageLogDirectory(PathOf("other")).Restore(PathOf("backup.db"));
        await using (var service = await ServiceProcess.StartAsync(PathOf("other")))
        {
            await SendAsync(service, 11);
        }

        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["check", "--data", Data, "--compare", PathOf("other")]);

        Assert.Equal((1, ""), (exitCode, errors));
        Assert.EndsWith("\nnot the same content: room lobby differs\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tutorial_database_becomes_a_room_and_rows_that_are_left_out_end_with_1()
    {
        CreateTutorial(100);

        await AssertPrintsAsync(
            $"imported 100 messages to room lobby of {Data}\n",
            "import", "--data", Data, "--socket-io", PathOf("tutorial.db"), "--room", "lobby");
        Execute(PathOf("tutorial.db"), "UPDATE messages SET content = '' WHERE id = 17");
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(
            ["import", "--data", PathOf("other"), "--socket-io", PathOf("tutorial.db"), "--room", "lobby"]);

        Assert.Equal(
            (1, $"""
            left out: row 17: the text is empty
            imported 99 messages to room lobby of {PathOf("other")}
            left out 1 row; they are only in {PathOf("tutorial.db")}

            """, ""),
            (exitCode, output, errors));
    }

    [Theory]
    [InlineData(2, "Required argument 'FILE' missing", "backup")]
    [InlineData(2, "Required argument 'FILE' missing", "restore")]
    [InlineData(2, "the name of a file or directory is empty", "backup", "")]
    [InlineData(2, "give either FILE, or --socket-io FILE and --room ROOM", "import", "--socket-io", "x")]
    [InlineData(2, "give either FILE, or --socket-io FILE and --room ROOM", "import", "x", "--room", "lobby")]
    [InlineData(2, "give either FILE, or --socket-io FILE and --room ROOM", "import", "x", "--socket-io", "x", "--room", "lobby")]
    [InlineData(2, "--room is 'No', which is not a valid room name", "import", "--socket-io", "x", "--room", "No")]
    [InlineData(2, "cannot read", "import", "/not/there")]
    [InlineData(4, "does not exist; name the directory of a log", "check")]
    [InlineData(4, "does not exist; name the directory of a log", "export")]
    [InlineData(4, "does not exist; name the directory of a log", "backup", "backup.db")]
    [InlineData(4, "does not exist; name a file that 'backup' has written", "restore", "/not/there")]
    [InlineData(6, "does not exist; name the tutorial's database", "import", "--socket-io", "/not/there", "--room", "lobby")]
    public async Task What_cannot_be_done_is_one_line(int exitCode, string words, string command, params string[] arguments)
    {
        await AssertEndsAsync(exitCode, words, [command, "--data", Data, .. arguments]);

        Assert.Empty(EntriesOf("."));
    }

    [Fact]
    public async Task A_restore_into_the_directory_of_a_running_service_is_refused()
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await SendAsync(service, 1);
        await AssertEndsAsync(0, "", "backup", "--data", Data, PathOf("backup.db"));

        await AssertEndsAsync(6, "is in use by another process; name a directory without a log", "restore", "--data", Data, PathOf("backup.db"));

        await SendAsync(service, 2);
    }

    private string PathOf(string name) => Path.Combine(temp.Path, name);

    private IEnumerable<string?> EntriesOf(string directory) =>
        Directory.GetFileSystemEntries(PathOf(directory)).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    /// <summary>The messages are those of a tutorial database: nothing makes a log faster.</summary>
    private async Task CreateLogAsync(int messages, string text = "text")
    {
        CreateTutorial(messages, text);
        await Task.Run(() => new MessageLogDirectory(Data).ImportSocketIo(
            PathOf("tutorial.db"), "lobby", row => throw new InvalidOperationException(row)));
        File.Delete(PathOf("tutorial.db"));
    }

    private void CreateTutorial(int messages, string text = "text") => Execute(PathOf("tutorial.db"), $"""
        CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, content TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {messages})
        INSERT INTO messages SELECT i, 'Zq3WbXkP4tYh-' || i, '{text} ' || i FROM n;
        """);

    private static void Execute(string database, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static async Task SendAsync(ServiceProcess service, int messages)
    {
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await ann.SendManyAsync("lobby", Enumerable.Range(0, messages).Select(n => ($"offset-{n}", $"{n}")));
    }

    private static async Task AssertPrintsAsync(string output, params string[] arguments)
    {
        var (exitCode, printed, errors) = await ServiceProcess.RunAsync(arguments);
        Assert.Equal((0, output, ""), (exitCode, printed, errors));
    }

    private static async Task AssertEndsAsync(int exitCode, string words, params string[] arguments)
    {
        var (code, _, errors) = await ServiceProcess.RunAsync(arguments);
        Assert.True(exitCode == code, errors);
        if (words.Length > 0)
        {
            AssertOneLine(errors, words);
        }
    }

    private static void AssertOneLine(string errors, params string[] words)
    {
        Assert.All(words, word => Assert.Contains(word, errors, StringComparison.Ordinal));
        Assert.StartsWith("chat service: ", errors, StringComparison.Ordinal);
        Assert.Equal(errors.Length - 1, errors.IndexOf('\n', StringComparison.Ordinal));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> ShellAsync(string script, params string[] arguments)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = shell.StandardError.ReadToEndAsync();
        var output = await shell.StandardOutput.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
        await shell.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return (shell.ExitCode, output, await errors);
    }
}
